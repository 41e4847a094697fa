"""What arrives, as it arrives."""

from __future__ import annotations

import time
from datetime import tzinfo

import streamlit as st

from dashboards import markup, playing
from dashboards.answers import Moment
from dashboards.api_client import ApiDown, ApiRefused, SearchApi
from dashboards.cards import grid
from dashboards.failure import REFRESH_S, failure
from dashboards.question import SearchFilter
from dashboards.results import PAGE_SIZE


@st.fragment(run_every=REFRESH_S)
def newest(api: SearchApi, where: SearchFilter, zone: tzinfo) -> None:
    """Stands still while a clip plays: a card that moves would stop its own player."""
    held = playing.held(Moment)
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
    playing.may_be_held(moments)
    if moments:
        grid(moments, zone, api.url)
    else:
        st.html(markup.notice("Nothing in this range yet", ["New moments appear here by themselves."]))


def _note(arrived: tuple[Moment, ...], held: tuple[Moment, ...] | None) -> str:
    if held is None:
        return f"Updated every {REFRESH_S:.0f} s"
    waiting = len(set(arrived) - set(held))
    return "Standing still while a clip plays" + (f": {waiting} newer waiting" if waiting else "")


def _inside(moment: Moment, where: SearchFilter, now_s: float) -> bool:
    since_s = where.since(now_s)
    return (since_s is None or moment.end_s >= since_s) and (where.until_s is None or moment.start_s <= where.until_s)
