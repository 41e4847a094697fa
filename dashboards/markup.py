"""Plain text to HTML. Every string that comes from outside passes `safe` on its way: a transcript is what a stranger
said, and a stranger may say `<script>`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from dashboards.answers import Speaker
from dashboards.excerpts import Part
from dashboards.view_models import Card, Freshness
from dashboards.voices import how_much

_WAVE = '<span class="ns-wave" aria-hidden="true">' + "<i></i>" * 9 + "</span>"
_LINES = '<span class="ns-lines" aria-hidden="true">' + "<i></i>" * 3 + "</span>"


def picture(card: Card) -> str:
    length = f'<span class="ns-length">{safe(card.duration)}</span>' if card.duration else ""
    if card.thumbnail_url is None:
        what = " and ".join(card.kinds) or "moment"
        glyph = _LINES if card.kinds == ("text",) else _WAVE
        return f'<div class="ns-picture ns-none">{glyph}<span>{safe(what)}, no picture</span>{length}</div>'
    alt = f"{card.source} at {card.clock}"
    return f'<div class="ns-picture"><img src="{safe(card.thumbnail_url)}" alt="{safe(alt)}">{length}</div>'


def words(card: Card) -> str:
    head = (
        f'<div class="ns-head"><span class="ns-source">{safe(card.source)}</span>'
        f'<time datetime="{safe(card.utc)}">{safe(card.clock)}</time></div>'
    )
    css = "ns-text" if card.is_final else "ns-text ns-draft"
    text = f'<p class="{css}" dir="auto">{_marked(card.excerpt)}</p>' if card.excerpt else ""
    if card.whole_text:
        text += f'<details class="ns-whole"><summary>All of it</summary><p>{_marked(card.whole_text)}</p></details>'
    if not card.is_final:
        text += '<p class="ns-note ns-still">Provisional: the words may still change.</p>'
    return f'<div class="ns-words">{head}{_who(card)}{text}{_how(card)}{_why(card)}</div>'


def freshness(source: str, moments: int, lines: Sequence[Freshness]) -> str:
    rows = "".join(
        f'<li class="ns-{line.level}"><i aria-hidden="true"></i><span>{safe(line.kind)}</span>'
        f"<span>{safe(line.words)}</span></li>"
        for line in lines
    )
    count = f"{moments:,} moment{'' if moments == 1 else 's'}"
    return (
        f'<div class="ns-fresh"><div class="ns-head"><span class="ns-source">{safe(source)}</span>'
        f"<span>{count}</span></div><ul>{rows or '<li>nothing indexed yet</li>'}</ul></div>"
    )


def banner(lines: Iterable[str], title: str = "Stand-in") -> str:
    """Things that make every result worth less than it looks: loud, and read out by screen readers."""
    head = f'<div class="ns-banner" role="status"><b>{safe(title)}</b>'
    return "".join(f"{head}<span>{safe(line)}</span></div>" for line in lines)


def notice(title: str, lines: Iterable[str] = (), code: str | None = None) -> str:
    """A calm box for a page with nothing to show."""
    body = "".join(f"<p>{safe(line)}</p>" for line in lines)
    shown = f"<pre>{safe(code)}</pre>" if code else ""
    return f'<div class="ns-notice" role="status"><h3>{safe(title)}</h3>{body}{shown}</div>'


def line(text: str, css: str = "ns-note") -> str:
    return f'<div class="{css}">{safe(text)}</div>'


def heading(text: str, note: str, *, is_held: bool) -> str:
    css = "ns-heading ns-held" if is_held else "ns-heading"
    return f'<div class="{css}"><h2>{safe(text)}</h2><span class="ns-note">{safe(note)}</span></div>'


def title() -> str:
    return '<header class="ns-title"><h1>Nowseen</h1><p>Search what is being seen and said right now.</p></header>'


def speakers(speakers: Iterable[Speaker]) -> str:
    rows = "".join(
        f"<li><span>{safe(speaker.label)}</span><span>{safe(how_much(speaker))}</span></li>" for speaker in speakers
    )
    return f'<ul class="ns-speakers">{rows}</ul>'


def _who(card: Card) -> str:
    names = "".join(f"<b>{safe(name)}</b>" for name in card.speakers)
    language = f"<span>{safe(card.language)}</span>" if card.language else ""
    return f'<div class="ns-who">{names}{language}</div>' if names or language else ""


def _how(card: Card) -> str:
    lines = []
    for mood in card.moods:
        cues = "".join(
            f"<li><span>{safe(cue.words)}</span>"
            f'<span class="ns-bar" aria-hidden="true"><i style="width:{cue.percent:d}%"></i></span>'
            f"<b>{cue.percent:d} %</b></li>"
            for cue in mood.cues
        )
        words = safe(mood.words)
        lines.append(
            f'<details class="ns-mood"><summary>{words}</summary>'
            f'<ul class="ns-why" aria-label="What speaks for it">{cues}</ul></details>'
            if cues
            else f'<div class="ns-mood">{words}</div>'
        )
    return "".join(lines)


def _why(card: Card) -> str:
    rows = "".join(
        f"<li><span>{safe(reason.label)}</span>"
        + (
            ""
            if reason.percent is None
            else f'<span class="ns-bar" aria-hidden="true"><i style="width:{reason.percent:d}%"></i></span>'
            f"<b>{reason.percent:d} %</b>"
        )
        + "</li>"
        for reason in card.reasons
    )
    if not rows:
        kinds = "".join(f"<span>{safe(kind)}</span>" for kind in card.kinds)
        return f'<div class="ns-kinds">{kinds}</div>' if kinds else ""
    whole = "" if card.percent is None else f'<li class="ns-all"><span>together</span><b>{card.percent:d} %</b></li>'
    return f'<ul class="ns-why" aria-label="Why it matched">{rows}{whole}</ul>'


def _marked(parts: Iterable[Part]) -> str:
    return "".join(f"<mark>{safe(part.text)}</mark>" if part.marked else safe(part.text) for part in parts)


def safe(text: str) -> str:
    return escape(text, quote=True)
