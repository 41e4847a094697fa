"""Where a rule is written: new, or one that there is, to be changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from dashboards import markup, query_markup, rule_example, rule_fields, rule_trial, views
from dashboards.api_client import ApiDown, ApiRefused
from dashboards.rule_answers import Rule, Webhook
from dashboards.rule_example import RuleExample
from dashboards.rules_api import Draft, RulesApi

EXAMPLES = ('"fire alarm"', "kind:scene a person on a ladder", "somebody asks for help")
_QUERY, _EDITED, _PROBLEM, _DONE = "rule_query", "rule_edited", "rule_problem", "rule_done"


@dataclass(frozen=True, slots=True)
class _Problem:
    draft: Draft
    error: ApiDown | ApiRefused


def go_write(query: str, example: RuleExample = rule_example.NONE, done: str = "") -> None:
    """The form with this query, on the next whole run of the page. `done` is what came of the one before."""
    _go({**rule_fields.EMPTY, _QUERY: query, rule_example.KEY: example, _EDITED: None, _DONE: done})


def go_change(rule: Rule) -> None:
    """The example that it has, if any, stays with it."""
    _go({**rule_fields.of_rule(rule), _QUERY: rule.query, rule_example.KEY: None, _EDITED: rule, _DONE: ""})


def rule_form(api: RulesApi, sources: Sequence[str], webhooks: Sequence[Webhook]) -> Draft:
    """Draws the form, of which all but the words waits for these, or for an example; what is written in it."""
    edited: Rule | None = st.session_state.get(_EDITED)
    for key, value in {**rule_fields.EMPTY, _QUERY: ""}.items():
        st.session_state.setdefault(key, value)
    st.html(markup.line("A new rule" if edited is None else f"Changing {edited.name}", "ns-section"))
    query = st.text_input(
        "What should be watched for?", key=_QUERY, max_chars=1000, icon=":material/notifications:",
        label_visibility="collapsed", persist_state="session",
        placeholder='What should be watched for? "fire alarm", a forklift source:hall, speaker:Ana budget',
    ).strip()  # fmt: skip
    rule_example.chip()
    example = rule_example.given()
    if done := st.session_state.get(_DONE):
        st.html(markup.line(done, "ns-note ns-done"))
    if not query and example == rule_example.NONE and edited is None:
        _examples()
        return Draft("")
    if edited is not None and edited.like and example == rule_example.NONE:
        st.html(markup.line(f"What it is to be like, {edited.like}, stays."))
    under_query = st.container()
    draft = rule_fields.draft_fields(query, example.like, example.file, sources, webhooks)
    _acts(api, draft, edited)
    problem: _Problem | None = st.session_state.get(_PROBLEM)
    if problem is not None and problem.draft == draft:
        under_query.html(_said(problem))
    return draft


def _go(values: dict[str, object]) -> None:
    views.go("rules", **{**values, _PROBLEM: None})


def _acts(api: RulesApi, draft: Draft, edited: Rule | None) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="rule-acts"):
        # The example of a rule that is changed is the node's, which tries it with what the rule was.
        is_known = edited is None or not edited.like or draft.like or draft.file
        if is_known and st.button("Try it on the last week", key="rule-try", icon=":material/history:"):
            _keep_problem(draft, rule_trial.try_draft(api, draft))
        label = "Watch for it" if edited is None else "Save"
        if st.button(label, key="rule-save", type="primary", icon=":material/check:"):
            _save(api, draft, edited)
        if st.button("Cancel", key="rule-cancel", type="tertiary"):
            rule_trial.forget()
            go_write("")
            st.rerun()


def _examples() -> None:
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center", key="examples-rules"):
        st.html(markup.line("Such as"), width="content")
        for example in EXAMPLES:
            st.button(example, key=f"example-rule-{example}", on_click=go_write, args=(example,))


def _save(api: RulesApi, draft: Draft, edited: Rule | None) -> None:
    try:
        with st.spinner("It learns from what is stored how often it would tell"):
            made = api.add(draft) if edited is None else api.change(edited.id, draft)
    except (ApiDown, ApiRefused) as error:
        _keep_problem(draft, error)
        return
    rule_trial.forget()
    go_write("", done=f"{made.name} is watched for." if edited is None else f"{made.name} is changed.")
    st.rerun()


def _keep_problem(draft: Draft, error: ApiDown | ApiRefused | None) -> None:
    st.session_state[_PROBLEM] = None if error is None else _Problem(draft, error)
    st.session_state[_DONE] = ""


def _said(problem: _Problem) -> str:
    error = problem.error
    if isinstance(error, ApiRefused) and error.at is not None:
        return query_markup.mistake(problem.draft.query, str(error), error.at)
    return query_markup.refusal(str(error))
