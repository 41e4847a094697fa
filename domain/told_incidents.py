"""The incidents that people were told of last, as they stood then."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from domain.errors import BadEvent
from domain.incident_events import Incident, IncidentClosed, IncidentEvent, IncidentOpened, IncidentUpdated
from domain.incident_json import decode_incident_event, encode_incident_event


@dataclass(frozen=True, slots=True)
class Told:
    incident: Incident
    is_open: bool


class ToldIncidents:
    """Those in which something happened last, at most `kept` of them. Not thread-safe."""

    def __init__(self, kept: int = 500) -> None:
        self._kept = kept
        self._events: dict[str, IncidentOpened | IncidentUpdated | IncidentClosed] = {}

    def note(self, events: Iterable[IncidentEvent]) -> None:
        for event in events:
            if isinstance(event, IncidentOpened | IncidentUpdated | IncidentClosed):
                self._events.pop(event.incident.id, None)
                self._events[event.incident.id] = event
        while len(self._events) > self._kept:
            del self._events[next(iter(self._events))]

    def latest(self, rule_id: str | None = None) -> list[Told]:
        """By start, latest first; of one rule or of all."""
        told = [
            Told(event.incident, not isinstance(event, IncidentClosed))
            for event in self._events.values()
            if rule_id in (None, event.incident.rule_id)
        ]
        return sorted(told, key=lambda each: (-each.incident.start_s, each.incident.id))

    def to_data(self) -> list[str]:
        return [encode_incident_event(event).decode() for event in self._events.values()]

    @classmethod
    def from_data(cls, data: Iterable[str], kept: int = 500) -> ToldIncidents:
        """Raises ValueError when it is not what `to_data` gives."""
        told = cls(kept)
        try:
            told.note(decode_incident_event(each.encode()) for each in data)
        except (BadEvent, AttributeError) as error:
            raise ValueError(f"not an incident: {error}") from error
        return told
