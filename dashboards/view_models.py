"""What the page says, worked out from the search node's answers. Pure: the time and the viewer's zone are arguments.

Everything here is plain text; `dashboards.markup` and `dashboards.query_markup` make it HTML, and nothing else does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Literal
from urllib.parse import parse_qs, urldefrag, urljoin, urlsplit

from dashboards.answers import CompleteUntil, Encoder, Evidence, Moment, SourceStatus
from dashboards.excerpts import EXCERPT_LENGTH, Part, excerpt, highlight, one_line
from dashboards.times import clock, duration, event_time
from dashboards.voices import MoodLine, language_name, mood_lines
from domain.events import MODALITIES, Modality

KIND_NAMES: dict[Modality, str] = {"scene": "pictures", "speech": "speech", "text": "text"}
_REASONS: dict[tuple[str, Modality], str] = {
    ("picture", "scene"): "picture",
    ("meaning", "speech"): "meaning of speech",
    ("meaning", "text"): "meaning of text",
    ("words", "speech"): "words spoken",
    ("words", "text"): "words written",
    ("voice", "speech"): "voice",
}
_LIVE_S, _SLOW_S = 10.0, 60.0

Level = Literal["live", "slow", "old"]


@dataclass(frozen=True, slots=True)
class Reason:
    label: str
    percent: int | None


@dataclass(frozen=True, slots=True)
class Clip:
    url: str
    start_s: float  # where in the clip the moment starts


@dataclass(frozen=True, slots=True)
class Card:
    key: str  # stays the same while the same question is asked again
    moment_id: str  # of its best evidence, to ask for more like it; empty when there is none
    source: str
    clock: str
    utc: str  # ISO 8601
    duration: str
    kinds: tuple[str, ...]
    percent: int | None  # of the whole moment; None when its one reason says it already
    excerpt: tuple[Part, ...]
    whole_text: tuple[Part, ...]  # empty when the excerpt is all of it
    speakers: tuple[str, ...]
    moods: tuple[MoodLine, ...]
    language: str
    is_final: bool  # whether the text will stay as it is
    reasons: tuple[Reason, ...]
    thumbnail_url: str | None
    clip: Clip | None


@dataclass(frozen=True, slots=True)
class Freshness:
    """How far behind the present one kind of one source is searchable."""

    kind: str
    words: str
    level: Level


def media_url(base_url: str, url: str | None) -> str | None:
    """`url`, which may be relative to the search node, in full. Only http and https pass."""
    if not url:
        return None
    try:
        whole = urljoin(base_url.rstrip("/") + "/", url)
        parts = urlsplit(whole)
    except ValueError:
        return None
    return whole if parts.scheme in ("http", "https") and parts.netloc else None


def clip(base_url: str, url: str | None) -> Clip | None:
    whole = media_url(base_url, url)
    if whole is None:
        return None
    bare, fragment = urldefrag(whole)
    starts = parse_qs(fragment).get("t", ["0"])
    try:
        start_s = float(starts[0].split(",")[0])
    except ValueError:
        start_s = 0.0
    # A NaN or an infinity is not a place in a clip either.
    return Clip(bare, start_s if 0 <= start_s < 86_400 else 0.0)


def card(moment: Moment, zone: tzinfo, now_s: float, base_url: str) -> Card:
    words = [word for piece in moment.evidence for word in piece.matched_words]
    shown = excerpt(moment.text, words)
    is_whole = len(one_line(moment.text)) <= EXCERPT_LENGTH
    reasons = _reasons(moment.evidence)
    started = event_time(moment.start_s, UTC)
    modalities = {*moment.modalities, *(piece.modality for piece in moment.evidence)}
    ids = ",".join(sorted(piece.moment_id for piece in moment.evidence)) or moment.text
    name = f"{moment.source}|{moment.start_s:.3f}|{moment.end_s:.3f}|{ids}"
    return Card(
        key=hashlib.sha256(name.encode()).hexdigest()[:16],
        moment_id=moment.evidence[0].moment_id if moment.evidence else "",
        source=moment.source,
        clock=clock(moment.start_s, zone, now_s),
        utc=started.isoformat() if started else "",
        duration=duration(moment.end_s - moment.start_s),
        kinds=tuple(KIND_NAMES[modality] for modality in MODALITIES if modality in modalities),
        percent=_percent(moment.score) if len(reasons) > 1 else None,
        excerpt=shown,
        whole_text=() if is_whole else highlight(moment.text, words),
        speakers=tuple(speaker.label for speaker in moment.speakers),
        moods=mood_lines(moment.moods),
        language=language_name(moment.language) if moment.language else "",
        is_final=moment.is_final,
        reasons=reasons,
        thumbnail_url=media_url(base_url, moment.thumbnail_url),
        clip=clip(base_url, moment.clip_url),
    )


def cards(moments: Iterable[Moment], zone: tzinfo, now_s: float, base_url: str) -> tuple[Card, ...]:
    """One card per moment: a moment that came twice is shown once."""
    unique = {made.key: made for made in (card(moment, zone, now_s, base_url) for moment in moments)}
    return tuple(unique.values())


def freshness(source: SourceStatus, zone: tzinfo, now_s: float) -> tuple[Freshness, ...]:
    lines = []
    for modality in MODALITIES:
        mark = source.watermarks.get(modality)
        if mark is None:
            continue
        if mark.behind_s <= _SLOW_S:
            level: Level = "live" if mark.behind_s <= _LIVE_S else "slow"
            words = f"{max(mark.behind_s, 0):.0f} s behind" + (", slow" if level == "slow" else "")
        else:
            # Behind or simply over: from here the two look the same, and the time it reaches is true of both.
            level, words = "old", f"up to {clock(mark.until_s, zone, now_s)}"
        lines.append(Freshness(KIND_NAMES[modality], words, level))
    return tuple(lines)


def no_match(
    complete_until: CompleteUntil,
    sources: Sequence[str],
    kinds: Sequence[Modality],
    zone: tzinfo,
    now_s: float,
) -> tuple[str, ...]:
    """Up to when "no match" is true, one line per source that was searched; later is not indexed yet."""
    lines = []
    for source in sorted(complete_until):
        until = {
            KIND_NAMES[modality]: clock(complete_until[source][modality], zone, now_s)
            for modality in kinds or MODALITIES
            if modality in complete_until[source]
        }
        if not until or (sources and source not in sources):
            continue
        if len(set(until.values())) == 1:
            when = f" up to {next(iter(until.values()))}"
        else:
            when = ": " + ", ".join(f"{kind} up to {until_clock}" for kind, until_clock in until.items())
        lines.append(f"No match in {source}{when}; later is not indexed yet.")
    return tuple(lines)


def stand_ins(encoders: Iterable[Encoder]) -> tuple[str, ...]:
    """What people must know about models that stand in for the wanted ones."""
    lines = []
    for encoder in encoders:
        if encoder.stand_in_for:
            lines.append(
                f"{encoder.role.capitalize()}: {encoder.name} stands in for {encoder.stand_in_for}."
                + (f" {encoder.warning}" if encoder.warning else "")
            )
        elif encoder.warning:
            lines.append(f"{encoder.role.capitalize()}: {encoder.warning}")
    return tuple(lines)


def other_warnings(warnings: Iterable[str], encoders: Iterable[Encoder]) -> tuple[str, ...]:
    """Those that `stand_ins` does not say already: answers repeat it for readers without a banner."""
    said = [(encoder.name, encoder.stand_in_for) for encoder in encoders if encoder.stand_in_for]
    return tuple(
        warning for warning in warnings if not any(name in warning and wanted in warning for name, wanted in said)
    )


def found_in(took_ms: dict[str, float], count: int) -> str:
    """`took_ms` has a stage "remembered" when the node gave the answer it had given before."""
    moments = f"{count} moment{'' if count == 1 else 's'}"
    if "remembered" in took_ms:
        return f"{moments}, remembered: nothing has arrived since this was last asked"
    if not took_ms:
        return moments
    total_ms = took_ms.get("total", sum(took_ms.values()))
    return f"{moments} in {total_ms:.0f} ms" if total_ms >= 1 else f"{moments} in less than 1 ms"


def _reasons(evidence: Iterable[Evidence]) -> tuple[Reason, ...]:
    best: dict[str, int | None] = {}
    for piece in evidence:
        if piece.why is None or piece.why == "filter":  # only filters were asked for: it is there because it is there
            continue
        label = _REASONS.get((piece.why, piece.modality), piece.why)
        percent = _percent(piece.score)
        if label not in best or (percent or 0) > (best[label] or 0):
            best[label] = percent
    ranked = sorted(best.items(), key=lambda item: -(item[1] or 0))
    return tuple(Reason(label, percent) for label, percent in ranked)


def _percent(score: float | None) -> int | None:
    # `not >=` also turns a NaN away.
    return None if score is None or not score >= 0 else round(100 * min(score, 1.0))
