"""Filters, and how fresh each source is."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from typing import TypeVar

import streamlit as st

from dashboards import address, markup
from dashboards.answers import SourceStatus, Speaker
from dashboards.api_client import ApiDown, ApiRefused, SearchApi
from dashboards.failure import REFRESH_S
from dashboards.playing import new_question
from dashboards.question import SearchFilter
from dashboards.view_models import KIND_NAMES, freshness
from dashboards.voices import LANGUAGES, language_name
from domain.events import MODALITIES
from domain.mood import MOOD_LABELS

_RANGES = {"Any time": None, "Last 5 minutes": 300, "Last hour": 3600, "Last day": 86_400}
_CUSTOM = "Custom range"
_T = TypeVar("_T", bound=str)


def filters(sources: Sequence[str], speakers: Sequence[Speaker], zone: tzinfo) -> SearchFilter:
    """Draws the filters and returns what they say. They stand in the page's address, so that a search can be shared."""
    st.html(markup.line("Look in", "ns-section"))
    # A link may name a source from which nothing has come yet.
    named = {*sources, *(address.news("source") or ()), *st.session_state.get("source", ())}
    labels = {speaker.id: speaker.label for speaker in speakers}
    where = SearchFilter(
        _choice("Sources", "source", sorted(named), "All sources", str),
        _choice("Kinds", "kind", MODALITIES, "Pictures, speech and text", lambda kind: KIND_NAMES[kind].capitalize()),
        _choice("Speakers", "speaker", list(labels), "Anyone", lambda id: labels.get(id, id)),
        _choice("Mood", "mood", MOOD_LABELS, "Any mood", str.capitalize),
        _choice("Language", "language", list(LANGUAGES), "Any language", language_name),
    )
    length = st.selectbox(
        "Time", [*_RANGES, _CUSTOM], key="time", on_change=new_question, bind="query-params", persist_state="session"
    )
    if length != _CUSTOM:
        return replace(where, last_s=_RANGES[length])
    since_s, until_s = _custom_range(zone)
    return replace(where, since_s=since_s, until_s=until_s)


def _choice(
    title: str, key: str, options: Sequence[_T], placeholder: str, name_of: Callable[[_T], str]
) -> tuple[_T, ...]:
    """The options that are chosen: none means any of them."""
    if (given := address.news(key)) is not None:
        st.session_state[key] = address.meant(given, options, name_of)
    chosen = st.multiselect(
        title, options, key=key, placeholder=placeholder, on_change=new_question, format_func=name_of,
        persist_state="session",
    )  # fmt: skip
    address.write(key, chosen)
    return tuple(chosen)


def _custom_range(zone: tzinfo) -> tuple[float | None, float | None]:
    # The values at first sight: a default that moved with the clock would take the viewer's own value with it.
    first = st.session_state.setdefault("range_began", time.time())
    now = datetime.fromtimestamp(first, zone).replace(second=0, microsecond=0, tzinfo=None)
    ends = [
        st.datetime_input(
            name, value, key=name.lower(), step=60, on_change=new_question, format="YYYY-MM-DD", bind="query-params",
            persist_state="session",
        )
        for name, value in (("From", now - timedelta(hours=1)), ("To", now + timedelta(minutes=1)))
    ]  # fmt: skip
    since, until = (None if end is None else end.replace(tzinfo=zone).timestamp() for end in ends)
    return since, until


@st.fragment(run_every=REFRESH_S)
def source_freshness(api: SearchApi, zone: tzinfo, known: frozenset[str]) -> None:
    """Up to when each source is searchable; draws the whole page again when a source appears."""
    st.html(markup.line("Sources now", "ns-section"))
    try:
        sources: tuple[SourceStatus, ...] = api.sources().sources
    except (ApiDown, ApiRefused):
        st.html(markup.line("No answer from the search node. Trying again."))
        return
    if {status.source for status in sources} != known:
        st.rerun()
    if not sources:
        st.html(markup.line("None yet."))
    now_s = time.time()
    body = "".join(
        markup.freshness(status.source, sum(status.moments.values()), freshness(status, zone, now_s))
        for status in sorted(sources, key=lambda status: status.source)
    )
    if body:
        st.html(body)
