"""The matches of one rule while they are being grouped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from uuid import UUID, uuid5

from domain.incident_events import Incident, IncidentUpdated, Match, MatchSuppressed, Reason

_NAMESPACE = UUID("d1f3c0b2-5d0e-5f4b-9a3c-7e8f1b6a2c40")
_EVERY_SOURCE = "*"  # no source has this name


@dataclass(slots=True)
class Group:
    """An incident, or a digest, and what is needed to go on with it."""

    incident: Incident
    kinds: set[tuple[str, str]]  # by what its matches matched: kind and name of their witnesses
    moment_ids: set[str]
    told_s: float  # event time
    number: int = 0  # of updates told
    digest_id: str | None = None  # nobody is told of it: it is counted there

    def is_near(self, match: Match, within_s: float) -> bool:
        """In time, and alike: at least one part of the condition held in both."""
        gap_s = max(match.start_s - self.incident.end_s, self.incident.start_s - match.end_s)
        return gap_s <= within_s and not self.kinds.isdisjoint(kinds_of(match))

    def length_with_s(self, match: Match) -> float:
        return max(self.incident.end_s, match.end_s) - min(self.incident.start_s, match.start_s)

    def add(self, match: Match) -> None:
        incident = self.incident
        self.kinds |= kinds_of(match)
        self.moment_ids.add(match.moment_id)
        self.incident = replace(
            incident,
            sources=incident.sources if match.source in incident.sources else (*incident.sources, match.source),
            start_s=min(incident.start_s, match.start_s),
            end_s=max(incident.end_s, match.end_s),
            matches=incident.matches + 1,
            best=match if match.score > incident.best.score else incident.best,
        )

    def update(self, now_s: float, every_s: float) -> list[IncidentUpdated]:
        """Its news, unless there were some less than `every_s` ago."""
        if now_s - self.told_s < every_s:
            return []
        self.told_s, self.number = now_s, self.number + 1
        return [IncidentUpdated(self.incident, self.number)]


@dataclass(slots=True)
class RuleState:
    """Of one rule: what is open and what is over by source, the digest, and what was suppressed."""

    open: dict[str, list[Group]] = field(default_factory=dict)
    over: dict[str, list[Group]] = field(default_factory=dict)
    digest: Group | None = None
    begun_s: list[float] = field(default_factory=list)  # when its latest incidents began
    suppressed: dict[tuple[str, Reason], MatchSuppressed] = field(default_factory=dict)
    counts: Counter[Reason] = field(default_factory=Counter)

    def groups(self, source: str) -> Iterator[Group]:
        """Open ones first."""
        yield from self.open.get(source, ())
        yield from self.over.get(source, ())


def first_group(match: Match, digest_id: str | None = None) -> Group:
    """A group of this match alone."""
    return _group(match, match.source, False, digest_id)


def first_digest(match: Match) -> Group:
    return _group(match, _EVERY_SOURCE, True, None)


def kinds_of(match: Match) -> set[tuple[str, str]]:
    return {(witness.kind, witness.what) for witness in match.witnesses}


def _group(match: Match, where: str, is_digest: bool, digest_id: str | None) -> Group:
    id = str(uuid5(_NAMESPACE, f"{match.rule_id}|{where}|{match.moment_id}"))
    incident = Incident(id, match.rule_id, (match.source,), match.start_s, match.end_s, 1, match, is_digest)
    return Group(incident, kinds_of(match), {match.moment_id}, match.start_s, 0, digest_id)
