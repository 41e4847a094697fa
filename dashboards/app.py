"""The page. `streamlit run app.py -- --api http://127.0.0.1:8600`, or dashboards.streamlit_command."""

from __future__ import annotations

import argparse
import sys
import time

import streamlit as st

from dashboards import cards, markup, sidebar
from dashboards.answers import Encoder, SourceStatus
from dashboards.api_client import ApiDown, ApiRefused, SearchApi
from dashboards.speakers_panel import speakers_panel
from dashboards.style import CSS, ICON
from dashboards.times import viewer_zone
from dashboards.view_models import other_warnings, stand_ins

EXAMPLES = ("a cat", "a cup of coffee", "a rocket", "somebody selfish", "a storm at sea")
_FIRST_STEPS = "nowseen publish VIDEO --source kitchen      # a file, a folder or a stream's address"


def main() -> None:
    api = SearchApi(_options(sys.argv[1:]).api)
    st.set_page_config(page_title="Nowseen", page_icon=ICON, layout="wide")
    st.html(CSS)
    st.html(markup.title())
    query = _query_box()
    try:
        _page(api, query)
    except ApiDown as error:
        _wait_for_api(api, error, time.monotonic())
    except ApiRefused as error:
        st.html(cards.failure(api, error))


def _page(api: SearchApi, query: str) -> None:
    zone = viewer_zone(st.context.timezone)
    sources = api.sources().sources
    names = frozenset(status.source for status in sources)
    with st.sidebar:
        where = sidebar.filters(sorted(names), api.speakers(), zone)
        sidebar.source_freshness(api, zone, names)
        speakers_panel(api)
    encoders = _encoders(api.url)
    if lines := stand_ins(encoders):
        st.html(markup.banner(lines))
    if not _has_moments(sources):
        _wait_for_sources(api)
    elif not query:
        cards.newest(api, where, zone)
    else:
        found = api.search(query, where, st.session_state.get("shown", cards.PAGE_SIZE))
        for warning in other_warnings(found.warnings, encoders):
            st.html(markup.line(warning))
        if found.moments:
            cards.results(found, zone, api.url)
        else:
            cards.watch_for_match(api, query, where, zone)


def _query_box() -> str:
    typed = st.text_input(
        "What are you looking for?", key="q", type="search", max_chars=1000, label_visibility="collapsed",
        icon=":material/search:", placeholder="What was seen or said?", on_change=cards.close_clip, bind="query-params",
    )  # fmt: skip
    query = (typed or "").strip()
    if not query:
        with st.container(horizontal=True, gap="xsmall", vertical_alignment="center", key="examples"):
            st.html(markup.line("Try"), width="content")
            for example in EXAMPLES:
                st.button(example, key=f"example-{example}", on_click=_ask, args=(example,))
    return query


def _ask(query: str) -> None:
    cards.close_clip()
    st.session_state["q"] = query


@st.cache_data(ttl=30, show_spinner=False)
def _encoders(api_url: str) -> tuple[Encoder, ...]:
    return SearchApi(api_url).encoders().encoders


def _has_moments(sources: tuple[SourceStatus, ...]) -> bool:
    return any(status.watermarks or any(status.moments.values()) for status in sources)


@st.fragment(run_every=cards.REFRESH_S)
def _wait_for_sources(api: SearchApi) -> None:
    try:
        if _has_moments(api.sources().sources):
            st.rerun()
    except (ApiDown, ApiRefused) as error:
        st.html(cards.failure(api, error))
        return
    lines = ["Publish something; this page shows its moments seconds later."]
    st.html(markup.notice("No sources yet", lines, _FIRST_STEPS))


@st.fragment(run_every=cards.REFRESH_S)
def _wait_for_api(api: SearchApi, error: ApiDown, failed_s: float) -> None:
    if time.monotonic() - failed_s >= cards.REFRESH_S / 2:  # not the run that has just failed
        st.rerun()
    st.html(cards.failure(api, error))


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dashboard")
    parser.add_argument("--api", default="http://127.0.0.1:8600", help="the search node")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
