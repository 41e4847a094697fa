"""Results and newest moments as cards in a grid, of which at most one plays."""

from __future__ import annotations

import time
from datetime import tzinfo

import streamlit as st

from dashboards import markup
from dashboards.answers import Found, Moment
from dashboards.api_client import ApiDown, ApiRefused, SearchApi, SearchFilter
from dashboards.view_models import Card, Clip, cards, found_in, no_match

REFRESH_S = 2.0
PAGE_SIZE = 12
_MAX_SHOWN = 96
_OPEN = "open_card"
_TIMES_OPENED = "times_opened"
_HELD = "held_moments"


def close_clip() -> None:
    """Called when the question changes: what played belongs to the answer that is gone."""
    st.session_state.pop(_OPEN, None)
    st.session_state.pop(_HELD, None)
    st.session_state.pop("shown", None)


@st.fragment
def results(found: Found, zone: tzinfo, api_url: str) -> None:
    """A fragment, so that Play does not ask the same question again."""
    st.html(markup.line(found_in(found.took_ms, len(found.moments)), "ns-note ns-count"))
    _grid(found.moments, zone, api_url)
    shown = st.session_state.get("shown", PAGE_SIZE)
    if len(found.moments) >= shown and shown < _MAX_SHOWN and st.button("Show more", key="more"):
        st.session_state["shown"] = shown + PAGE_SIZE
        st.rerun()


@st.fragment(run_every=REFRESH_S)
def watch_for_match(api: SearchApi, query: str, where: SearchFilter, zone: tzinfo) -> None:
    """Nothing yet: says up to when that is true and keeps looking."""
    try:
        found = api.search(query, where, PAGE_SIZE)
    except (ApiDown, ApiRefused) as error:
        st.html(failure(api, error))
        return
    if found.moments:
        st.rerun()
    lines = no_match(found.complete_until, where.sources, where.kinds, zone, time.time())
    nowhere = ("Nothing is indexed for these filters yet.",)
    st.html(markup.notice("No match yet. This page keeps looking.", lines or nowhere))


@st.fragment(run_every=REFRESH_S)
def newest(api: SearchApi, where: SearchFilter, zone: tzinfo) -> None:
    """What arrives, as it arrives. Stands still while a clip plays: a card that moves would stop its own player."""
    held: tuple[Moment, ...] | None = st.session_state.get(_HELD) if _OPEN in st.session_state else None
    try:
        arrived = tuple(
            moment for moment in api.newest(where, PAGE_SIZE).moments if _inside(moment, where, time.time())
        )
    except (ApiDown, ApiRefused) as error:
        if held is None:
            st.html(failure(api, error))
            return
        arrived = ()  # what plays goes on playing
    st.html(markup.heading("Newest moments", _note(arrived, held), is_held=held is not None))
    moments = arrived if held is None else held
    st.session_state["newest_moments"] = moments
    if moments:
        _grid(moments, zone, api.url)
    else:
        st.html(markup.notice("Nothing in this range yet", ["New moments appear here by themselves."]))


def failure(api: SearchApi, error: ApiDown | ApiRefused) -> str:
    if isinstance(error, ApiRefused):
        return markup.notice("The search node can't answer this", [str(error)])
    address = f"No usable answer from {api.url}. This page tries again every {REFRESH_S:.0f} s."
    return markup.notice("Waiting for the search node", [address, str(error)])


def _note(arrived: tuple[Moment, ...], held: tuple[Moment, ...] | None) -> str:
    if held is None:
        return f"Updated every {REFRESH_S:.0f} s"
    waiting = len(set(arrived) - set(held))
    return "Standing still while a clip plays" + (f": {waiting} newer waiting" if waiting else "")


def _inside(moment: Moment, where: SearchFilter, now_s: float) -> bool:
    since_s = where.since(now_s)
    return (since_s is None or moment.end_s >= since_s) and (where.until_s is None or moment.start_s <= where.until_s)


def _grid(moments: tuple[Moment, ...], zone: tzinfo, api_url: str) -> None:
    grid = st.grid("auto", min_column_width=290)
    for card in cards(moments, zone, time.time(), api_url):
        with grid.cell(), st.container(key=f"card-{card.key}", height="stretch"):
            _show(card)


def _show(card: Card) -> None:
    is_open = st.session_state.get(_OPEN) == card.key
    if is_open and card.clip is not None:
        _play(card, card.clip)
    else:
        st.html(markup.picture(card))
    st.html(markup.words(card))
    with st.container(key=f"act-{card.key}"):
        if card.clip is None:
            st.html(markup.line("No recording kept"))
        elif is_open:
            st.button("Close", key=f"close-{card.key}", icon=":material/close:", on_click=_close)
        else:
            label = f"Play {card.clock}"
            st.button(label, key=f"play-{card.key}", icon=":material/play_arrow:", on_click=_open, args=(card.key,))


def _play(card: Card, clip: Clip) -> None:
    # The fragment makes every opening a new element: Streamlit starts the same element by itself only once.
    url = f"{clip.url}#opened={st.session_state[_TIMES_OPENED]}"
    st.video(url, start_time=clip.start_s, autoplay=True, alt=f"{card.source} at {card.clock}")


def _open(key: str) -> None:
    st.session_state[_OPEN] = key
    st.session_state[_TIMES_OPENED] = st.session_state.get(_TIMES_OPENED, 0) + 1
    st.session_state.setdefault(_HELD, st.session_state.get("newest_moments"))


def _close() -> None:
    st.session_state.pop(_OPEN, None)
    st.session_state.pop(_HELD, None)
