"""What stands between a rule that matched and the people who are told."""

from __future__ import annotations

from dataclasses import dataclass

from domain.incident_facts import IncidentFacts


@dataclass(frozen=True, slots=True)
class AlertRaised:
    """An incident opened, changed or closed, and these webhooks are to be told.

    `facts` hold no links: who delivers makes them of the keys, because only there is it known how others reach the
    archive, and until when a link should lead there.
    """

    facts: IncidentFacts
    webhooks: tuple[str, ...]  # the endpoints' names
    rule_id: str = ""
    thumbnail_key: str | None = None  # in the media archive
    clip_span_s: tuple[float, float] | None = None  # of facts.source, event time (Unix seconds): what shows it best
