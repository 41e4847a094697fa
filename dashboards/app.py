"""The page. Who serves it (server.py) says where the search node is: `--api http://127.0.0.1:8600`."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from datetime import tzinfo

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboards import markup, query_markup, results, rule_form, rule_trial, sidebar, views
from dashboards.answers import Encoder, Found, SourceStatus
from dashboards.api_client import ApiDown, ApiRefused, SearchApi
from dashboards.failure import REFRESH_S, failure
from dashboards.incidents_page import chosen_rule, incidents_page
from dashboards.newest import newest
from dashboards.not_at_work import not_at_work
from dashboards.open_incidents import open_incidents
from dashboards.query_box import query_box
from dashboards.question import Question
from dashboards.rule_example import rule_start
from dashboards.rule_list import rule_list
from dashboards.rules_api import RulesApi
from dashboards.rules_style import RULES_CSS
from dashboards.speakers_panel import speakers_panel
from dashboards.style import CSS, ICON
from dashboards.times import viewer_zone
from dashboards.understood import understood
from dashboards.view_models import other_warnings, stand_ins
from dashboards.views import View

_FIRST_STEPS = "nowseen publish VIDEO --source kitchen      # a file, a folder or a stream's address"


def main() -> None:
    api = SearchApi(_options(sys.argv[1:]).api)
    st.set_page_config(page_title="Nowseen", page_icon=ICON, layout="wide")
    st.html(CSS)
    st.html(RULES_CSS)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="top"):
        st.html(markup.title(), width="content")
        view = views.chosen()
    not_at_work(api)
    try:
        if view == "search":
            _search(api)
        else:
            _rules(RulesApi(api), view)
    except ApiDown as error:
        _wait_for_api(api, error, time.monotonic())
    except ApiRefused as error:
        st.html(failure(api, error))


def _search(api: SearchApi) -> None:
    question = query_box()
    under_box = st.container()
    try:
        _ask(api, question, under_box)
    except ApiRefused as error:
        if error.at is None:
            raise
        under_box.html(query_markup.mistake(question.query, str(error), error.at))


def _ask(api: SearchApi, question: Question, under_box: DeltaGenerator) -> None:
    zone = viewer_zone(st.context.timezone)
    sources = api.sources().sources
    names = frozenset(status.source for status in sources)
    speakers = api.speakers()
    with st.sidebar:
        where = sidebar.filters(sorted(names), speakers, zone)
        sidebar.source_freshness(api, zone, names)
        speakers_panel(api)
    encoders = _encoders(api.url)
    if lines := stand_ins(encoders):
        st.html(markup.banner(lines))
    open_incidents(RulesApi(api), zone)
    question = replace(question, where=where)
    if not _has_moments(sources):
        _wait_for_sources(api)
    elif question.is_empty:
        newest(api, where, zone)
    else:
        found = results.ask(api, question)
        _say_how_it_was_read(found, question, zone, under_box)
        as_rule = rule_start(question, {speaker.id: speaker.label for speaker in speakers})
        for warning in other_warnings(found.warnings, encoders):
            st.html(markup.line(warning))
        if found.moments:
            results.show(found, zone, api.url, as_rule)
        elif question.file is not None:
            results.no_match_of_file(found, question, zone, as_rule)
        else:
            results.watch_for_match(api, question, zone, as_rule)
            results.nearest_anyway(api, question, zone)


def _rules(api: RulesApi, view: View) -> None:
    zone = viewer_zone(st.context.timezone)
    names = frozenset(status.source for status in api.node.sources().sources)
    rules = api.rules().rules if view == "incidents" else ()
    with st.sidebar:
        rule = chosen_rule(rules) if view == "incidents" else None
        sidebar.source_freshness(api.node, zone, names)
    encoders = _encoders(api.node.url)
    if lines := stand_ins(encoders):
        st.html(markup.banner(lines))
    if view == "incidents":
        incidents_page(api, rules, rule, zone)
    else:
        open_incidents(api, zone)
        draft = rule_form.rule_form(api, sorted(names), api.webhooks())
        rule_trial.show(api, draft, zone)
        rule_list(api, encoders, zone)


def _say_how_it_was_read(found: Found, question: Question, zone: tzinfo, under_box: DeltaGenerator) -> None:
    is_heard = question.file is not None and question.file.by == "speech"
    if read := understood(found.understood, zone, time.time(), heard_words=is_heard):
        under_box.html(query_markup.understood(read))


@st.cache_data(ttl=30, show_spinner=False)
def _encoders(api_url: str) -> tuple[Encoder, ...]:
    return SearchApi(api_url).encoders().encoders


def _has_moments(sources: tuple[SourceStatus, ...]) -> bool:
    return any(status.watermarks or any(status.moments.values()) for status in sources)


@st.fragment(run_every=REFRESH_S)
def _wait_for_sources(api: SearchApi) -> None:
    try:
        if _has_moments(api.sources().sources):
            st.rerun()
    except (ApiDown, ApiRefused) as error:
        st.html(failure(api, error))
        return
    lines = ["Publish something; this page shows its moments seconds later."]
    st.html(markup.notice("No sources yet", lines, _FIRST_STEPS))


@st.fragment(run_every=REFRESH_S)
def _wait_for_api(api: SearchApi, error: ApiDown, failed_s: float) -> None:
    if time.monotonic() - failed_s >= REFRESH_S / 2:  # not the run that has just failed
        st.rerun()
    st.html(failure(api, error))


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dashboard")
    parser.add_argument("--api", default="http://127.0.0.1:8600", help="the search node")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
