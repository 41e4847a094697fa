"""Incidents, their events and the state behind them as JSON and back."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from domain.condition_scores import CERTAIN, Witness
from domain.errors import BadEvent
from domain.incident_events import (
    Incident,
    IncidentClosed,
    IncidentEvent,
    IncidentOpened,
    IncidentUpdated,
    Match,
    MatchSuppressed,
)
from domain.incident_groups import Group, RuleState

VERSION = 1


def encode_incident_event(event: IncidentEvent) -> bytes:
    """The value of a record. Its key is the rule's id: one rule's events stay in order."""
    data: dict[str, Any]
    match event:
        case MatchSuppressed(match, reason, incident_id):
            data = {"match": _match_to_data(match), "reason": reason, "incident_id": incident_id}
        case IncidentOpened(incident):
            data = {"incident": _incident_to_data(incident)}
        case IncidentUpdated(incident, number) | IncidentClosed(incident, number):
            data = {"incident": _incident_to_data(incident), "number": number}
    data = {"version": VERSION, "event": _NAMES[type(event)], **data}
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def decode_incident_event(value: bytes) -> IncidentEvent:
    """Raises BadEvent when it is none that this version reads."""
    try:
        data = json.loads(value)
        if data["version"] != VERSION:
            raise ValueError(f"its version is not {VERSION}")
        match data["event"]:
            case "match.suppressed":
                return _suppressed(data)
            case "incident.opened":
                return IncidentOpened(_incident(data["incident"]))
            case "incident.updated":
                return IncidentUpdated(_incident(data["incident"]), int(data["number"]))
            case "incident.closed":
                return IncidentClosed(_incident(data["incident"]), int(data["number"]))
            case unknown:
                raise ValueError(f"there is no event {str(unknown)[:40]!r}")
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise BadEvent(f"not an event of an incident: {type(error).__name__} {str(error)[:200]}") from error


def _match_to_data(match: Match) -> dict[str, Any]:
    data = asdict(match)
    data["score"] = _score_to_data(match.score)
    data["witnesses"] = [
        [witness.kind, witness.what, _score_to_data(witness.score), witness.moment_id] for witness in match.witnesses
    ]
    return data


def _match(data: Mapping[str, Any]) -> Match:
    witnesses = tuple(Witness(kind, what, _score(score), id) for kind, what, score, id in data["witnesses"])
    return Match(**{**data, "score": _score(data["score"]), "witnesses": witnesses})


def _score_to_data(score: float) -> float | None:
    return None if score == CERTAIN else score  # JSON has no infinity


def _score(data: float | None) -> float:
    return CERTAIN if data is None else float(data)


def _incident_to_data(incident: Incident) -> dict[str, Any]:
    return {**asdict(incident), "best": _match_to_data(incident.best)}


def _incident(data: Mapping[str, Any]) -> Incident:
    return Incident(**{**data, "sources": tuple(data["sources"]), "best": _match(data["best"])})


def _suppressed(data: Mapping[str, Any]) -> MatchSuppressed:
    return MatchSuppressed(_match(data["match"]), data["reason"], data["incident_id"])


def _group_to_data(group: Group) -> dict[str, Any]:
    return {
        "incident": _incident_to_data(group.incident),
        "kinds": sorted(group.kinds),
        "moment_ids": sorted(group.moment_ids),
        "told_s": group.told_s,
        "number": group.number,
        "digest_id": group.digest_id,
    }


def _group(data: Mapping[str, Any]) -> Group:
    kinds = {(kind, what) for kind, what in data["kinds"]}
    more = {"incident": _incident(data["incident"]), "kinds": kinds, "moment_ids": set(data["moment_ids"])}
    return Group(**{**data, **more})


def rule_state_to_data(state: RuleState) -> dict[str, Any]:
    """What came of the matches of one rule, for JSON."""
    return {
        "open": {source: [_group_to_data(each) for each in groups] for source, groups in state.open.items()},
        "over": {source: [_group_to_data(each) for each in groups] for source, groups in state.over.items()},
        "digest": None if state.digest is None else _group_to_data(state.digest),
        "begun_s": state.begun_s,
        "suppressed": [
            {"match": _match_to_data(each.match), "reason": each.reason, "incident_id": each.incident_id}
            for each in state.suppressed.values()
        ],
        "counts": dict(state.counts),
    }


def rule_state_from_data(data: Mapping[str, Any]) -> RuleState:
    """Raises KeyError, ValueError, TypeError or AttributeError when it is not what `rule_state_to_data` gives."""
    suppressed = [_suppressed(each) for each in data["suppressed"]]
    return RuleState(
        {source: [_group(each) for each in groups] for source, groups in data["open"].items()},
        {source: [_group(each) for each in groups] for source, groups in data["over"].items()},
        None if data["digest"] is None else _group(data["digest"]),
        [float(each) for each in data["begun_s"]],
        {(each.match.moment_id, each.reason): each for each in suppressed},
        Counter(data["counts"]),
    )


_NAMES: dict[type[IncidentEvent], str] = {
    IncidentOpened: "incident.opened",
    IncidentUpdated: "incident.updated",
    IncidentClosed: "incident.closed",
    MatchSuppressed: "match.suppressed",
}
