"""What the node found, or that it found nothing yet."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import tzinfo

import streamlit as st

from dashboards import markup, playing, rule_form
from dashboards.answers import Found
from dashboards.api_client import ApiDown, ApiRefused, SearchApi
from dashboards.cards import grid
from dashboards.failure import REFRESH_S, failure
from dashboards.question import Question
from dashboards.rule_example import RuleStart
from dashboards.view_models import found_in, no_match

PAGE_SIZE = 12
_MAX_SHOWN = 96


def ask(api: SearchApi, question: Question) -> Found:
    """Raises ApiDown or ApiRefused."""
    limit = playing.shown(PAGE_SIZE)
    if question.file is None:
        return api.search(question, limit)
    with st.spinner("Reading the file, and looking for what is like it"):
        return api.search(question, limit)


@st.fragment
def show(found: Found, zone: tzinfo, api_url: str, as_rule: RuleStart | None) -> None:
    """A fragment, so that Play does not ask the same question again. `as_rule` is the question as a rule, if it
    can be one."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="ask-on-found"):
        st.html(markup.line(found_in(found.took_ms, len(found.moments)), "ns-note ns-count"), width="content")
        _make_rule(as_rule)
    grid(found.moments, zone, api_url)
    shown = playing.shown(PAGE_SIZE)
    if len(found.moments) >= shown and shown < _MAX_SHOWN and st.button("Show more", key="more"):
        playing.show(shown + PAGE_SIZE)
        st.rerun()


def no_match_of_file(found: Found, question: Question, zone: tzinfo, as_rule: RuleStart | None) -> None:
    """A file is looked at once: a clip keeps the node busy for seconds."""
    st.html(markup.notice("No match", _until(found, question, zone)))
    _make_rule(as_rule)
    st.button("Look again", key="again")


@st.fragment(run_every=REFRESH_S)
def watch_for_match(api: SearchApi, question: Question, zone: tzinfo, as_rule: RuleStart | None) -> None:
    """Nothing yet: says up to when that is true and keeps looking."""
    try:
        found = api.search(question, PAGE_SIZE)
    except (ApiDown, ApiRefused) as error:
        st.html(failure(api, error))
        return
    if found.moments:
        st.rerun()
    st.html(markup.notice("No match yet. This page keeps looking.", _until(found, question, zone)))
    _make_rule(as_rule)


@st.fragment
def nearest_anyway(api: SearchApi, question: Question, zone: tzinfo) -> None:
    """Beside `watch_for_match`, whose refreshing would stop a clip that plays."""
    if not question.query or not st.toggle("Show what is nearest anyway", key="weak"):
        return
    try:
        found = api.search(replace(question, weak=True), PAGE_SIZE)
    except (ApiDown, ApiRefused) as error:
        st.html(failure(api, error))
        return
    said = "Too weak to be a match: likely something else." if found.moments else "There is nothing near it either."
    st.html(markup.line(said, "ns-note"))
    grid(found.moments, zone, api.url)


def _make_rule(as_rule: RuleStart | None) -> None:
    if as_rule is not None and st.button(
        "Make this a rule", key="make-rule", icon=":material/notifications:", type="tertiary",
        help="To be told when it comes again",
    ):  # fmt: skip
        rule_form.go_write(as_rule.query, as_rule.example)
        st.rerun()


def _until(found: Found, question: Question, zone: tzinfo) -> tuple[str, ...]:
    where = question.where
    lines = no_match(found.complete_until, where.sources, where.kinds, zone, time.time())
    return lines or ("Nothing is indexed for these filters yet.",)
