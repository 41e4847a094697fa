"""The incidents that people were told of last, as they stood then."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from domain.errors import BadEvent
from domain.incident_events import (
    Incident,
    IncidentClosed,
    IncidentEvent,
    IncidentOpened,
    IncidentUpdated,
    MatchSuppressed,
)
from domain.incident_json import decode_incident_event, encode_incident_event

NumberedEvents: TypeAlias = tuple[
    tuple[int, str], ...
]  # the number says which came later; encode_incident_event's JSON


@dataclass(frozen=True, slots=True)
class Told:
    incident: Incident
    is_open: bool


class ToldIncidents:
    """Those in which something happened last, at most `kept` of them. Not thread-safe."""

    def __init__(self, kept: int = 500) -> None:
        self._kept = kept
        self._events: dict[str, tuple[int, IncidentOpened | IncidentUpdated | IncidentClosed]] = {}  # by incident
        self._next_number = 0

    def note(self, events: Iterable[IncidentEvent]) -> None:
        for event in events:
            if isinstance(event, IncidentOpened | IncidentUpdated | IncidentClosed):
                self._events.pop(event.incident.id, None)
                self._events[event.incident.id] = self._next_number, event
                self._next_number += 1
        self._forget()

    def latest(self, rule_id: str | None = None) -> list[Told]:
        """By start, latest first; of one rule or of all."""
        told = [
            Told(event.incident, not isinstance(event, IncidentClosed))
            for _, event in self._events.values()
            if rule_id in (None, event.incident.rule_id)
        ]
        return sorted(told, key=lambda each: (-each.incident.start_s, each.incident.id))

    def by_rule(self) -> dict[str, NumberedEvents]:
        """By rule id, for `go_on`."""
        found: dict[str, NumberedEvents] = {}
        for number, event in self._events.values():
            of_rule = found.get(event.incident.rule_id, ())
            found[event.incident.rule_id] = (*of_rule, (number, encode_incident_event(event).decode()))
        return found

    def go_on(self, told: Iterable[tuple[int, str]]) -> None:
        """Those of several rules take their places among each other by when they were noted.

        Raises ValueError, and changes nothing, when it is not what `by_rule` gives.
        """
        try:
            events = [(number, decode_incident_event(each.encode())) for number, each in told]
        except (BadEvent, AttributeError, TypeError) as error:
            raise ValueError(f"not an incident: {error}") from error
        if not events:
            return  # as of most rules: the rest takes the time of all that is known
        found = {
            event.incident.id: (number, event) for number, event in events if not isinstance(event, MatchSuppressed)
        }
        self._events = dict(sorted((self._events | found).items(), key=lambda item: item[1][0]))
        self._next_number = max([self._next_number, *(number + 1 for number, _ in found.values())])
        self._forget()

    def _forget(self) -> None:
        while len(self._events) > self._kept:
            del self._events[next(iter(self._events))]
