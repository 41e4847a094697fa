"""What the page says of incidents and of matches that nobody was told of. Pure: the time and the zone are arguments."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo

from dashboards.excerpts import excerpt, highlight
from dashboards.rule_answers import EvidenceLine, Incident, Match, Suppressed
from dashboards.times import clock, duration, event_time
from dashboards.view_models import KIND_NAMES, Card, Reason, clip, media_url
from domain.instants import format_instant

_WHATS = {"scene": "picture", "words": "words as they stand", "voice": "voice"}
_AROUND_S = 60.0
_WORD = re.compile(r"[\w'’]+")


@dataclass(frozen=True, slots=True)
class IncidentCard:
    card: Card
    rule_id: str
    rule: str
    badge: str  # "open now", "over", or why nobody was told
    is_open: bool
    is_told: bool
    note: str  # how many matches; empty for one
    can_be_marked: bool  # what holds to the letter has no likeness to judge
    around: str  # a query that lists what else was there then


def incident_card(incident: Incident, zone: tzinfo, now_s: float, base_url: str) -> IncidentCard:
    note = "" if incident.matches == 1 else f"{incident.matches:,} matches"
    where = ", ".join(incident.sources)
    made = _card(incident.id, incident.best, where, incident.text, (incident.start_s, incident.end_s), zone, now_s,
                 base_url)  # fmt: skip
    badge = "open now" if incident.is_open else "over"
    can_be_marked = _can_be_marked(incident.best)
    around = _around(incident.best)
    return IncidentCard(
        made, incident.rule_id, incident.rule, badge, incident.is_open, True, note, can_be_marked, around
    )


def suppressed_card(
    suppressed: Suppressed, rule_id: str, rule: str, zone: tzinfo, now_s: float, base_url: str
) -> IncidentCard:
    match = suppressed.match
    text = match.text or ", ".join(line.text for line in match.evidence)
    name = f"{suppressed.reason}|{rule_id}|{match.moment_id}"
    made = _card(name, match, match.source, text, (match.start_s, match.end_s), zone, now_s, base_url)
    return IncidentCard(made, rule_id, rule, suppressed.reason, False, False, "", _can_be_marked(match), _around(match))


def open_line(incident: Incident, zone: tzinfo, now_s: float) -> str:
    """Where and since when, of one that is open."""
    return f"{', '.join(incident.sources)}, since {clock(incident.start_s, zone, now_s)}"


def _card(
    name: str, match: Match, where: str, text: str, span_s: tuple[float, float], zone: tzinfo, now_s: float,
    base_url: str,
) -> Card:  # fmt: skip
    # Phrases come with their quotation marks.
    words = [word for line in match.evidence if line.what == "words" for word in _WORD.findall(line.text)]
    started = event_time(span_s[0], UTC)
    shown = excerpt(text, words)
    return Card(
        key=hashlib.sha256(name.encode()).hexdigest()[:16],
        moment_id=match.moment_id,
        source=where,
        clock=clock(span_s[0], zone, now_s),
        utc=started.isoformat() if started else "",
        duration=duration(span_s[1] - span_s[0]),
        kinds=(KIND_NAMES[match.modality],),
        percent=None,
        excerpt=shown,
        whole_text=highlight(text, words) if shown and shown[-1].text == " …" else (),
        speakers=tuple(line.text for line in match.evidence if line.what == "speaker"),
        moods=(),
        language="",
        is_final=True,
        reasons=_reasons(match.evidence, match.threshold),
        thumbnail_url=media_url(base_url, match.thumbnail_url),
        clip=clip(base_url, match.clip_url),
    )


def _reasons(evidence: Sequence[EvidenceLine], threshold: float | None) -> tuple[Reason, ...]:
    best: dict[str, int] = {}
    for line in evidence:
        label = _WHATS.get(line.what, line.what)
        best[label] = max(best.get(label, 0), round(100 * min(max(line.score, 0.0), 1.0)))
    # Words that stand there are there: a bar at 100 says no more.
    rows = [Reason(label, percent if percent < 100 else None) for label, percent in best.items()]
    return (*rows, *(() if threshold is None else (Reason("told from", round(100 * threshold)),)))


def _can_be_marked(match: Match) -> bool:
    return match.score < 1 or match.threshold is not None


def _around(match: Match) -> str:
    since_s, until_s = match.start_s - _AROUND_S, match.end_s + _AROUND_S
    if event_time(since_s, UTC) is None or event_time(until_s, UTC) is None:
        return f"source:{match.source}"
    return f"source:{match.source} since:{format_instant(since_s)} until:{format_instant(until_s)}"
