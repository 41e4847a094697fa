"""From what happened to an incident to what people are told of it."""

from __future__ import annotations

import math
from collections.abc import Callable

from domain.alerts import AlertRaised
from domain.calibration import CalibrationOptions
from domain.condition_scores import CERTAIN, Witness
from domain.incident_events import (
    Incident,
    IncidentClosed,
    IncidentEvent,
    IncidentOpened,
    IncidentUpdated,
    Match,
    MatchSuppressed,
)
from domain.incident_facts import EvidenceLine, IncidentFacts, IncidentState
from domain.rules import Rule

NameOf = Callable[[str], str | None]  # of a speaker's id: what people call the speaker

_SCALE = CalibrationOptions()


def alert_of(event: IncidentEvent, rule: Rule, name_of: NameOf) -> AlertRaised | None:
    """The alert for the rule's webhooks; None for a match that nobody is told of.

    A function of its arguments: `changed_s` is event time, so that a replay gives the same alert.
    """
    match event:
        case IncidentOpened(incident):
            return _alert(incident, rule, "opened", 0, incident.start_s, name_of)
        case IncidentUpdated(incident, number):
            return _alert(incident, rule, "updated", number, incident.end_s, name_of)
        case IncidentClosed(incident, number):
            return _alert(incident, rule, "closed", number, incident.end_s, name_of)
        case MatchSuppressed():
            return None


def likelihood(score: float) -> float:
    """A standard score as 0 to 1, on the scale of searches (domain/calibration.py)."""
    if score == CERTAIN:
        return 1.0
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, _SCALE.steepness * (score - _SCALE.midpoint)))))


def _alert(
    incident: Incident, rule: Rule, state: IncidentState, update: int, changed_s: float, name_of: NameOf
) -> AlertRaised:
    best = incident.best
    facts = IncidentFacts(
        rule=rule.name,
        incident=incident.id,
        update=update,
        state=state,
        changed_s=changed_s,
        source=best.source,
        start_s=incident.start_s,
        end_s=incident.end_s,
        text=told_text(incident, name_of),
        evidence=evidence_of(best, name_of),
    )
    # A written text has nothing to play.
    span_s = (best.start_s, best.end_s) if best.modality != "text" and best.end_s > best.start_s else None
    return AlertRaised(facts, rule.webhooks, rule.id, best.thumbnail_key, span_s)


def told_text(incident: Incident, name_of: NameOf) -> str:
    """What was seen or said, for people."""
    best = incident.best
    text = best.text or ", ".join(_what(witness, name_of) for witness in best.witnesses)
    if not incident.is_digest:
        return text
    where = ", ".join(sorted(incident.sources))
    return f"too many at once to tell each: {incident.incidents} in {where}. The clearest: {text}"


def evidence_of(match: Match, name_of: NameOf) -> tuple[EvidenceLine, ...]:
    return tuple(_line(match, witness, name_of) for witness in match.witnesses)


def _line(best: Match, witness: Witness, name_of: NameOf) -> EvidenceLine:
    return EvidenceLine(witness.kind, _what(witness, name_of), likelihood(witness.score), best.start_s)


def _what(witness: Witness, name_of: NameOf) -> str:
    return (name_of(witness.what) or witness.what) if witness.kind in ("speaker", "voice") else witness.what
