"""Where a rule is written: new, or one that there is, to be changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from dashboards import markup, query_markup, rule_trial, views
from dashboards.api_client import ApiDown, ApiRefused
from dashboards.rates import BUDGETS, how_often
from dashboards.rule_answers import Rule, Webhook
from dashboards.rule_words import in_sources
from dashboards.rules_api import Draft, RulesApi
from domain.rules import DecidedBy

EXAMPLES = ('"fire alarm"', "kind:scene a person on a ladder", "somebody asks for help")
_QUERY, _NAME, _BUDGET, _SOURCES, _HOURS, _WEBHOOKS, _DECIDED = (
    "rule_query", "rule_name", "rule_budget", "rule_sources", "rule_hours", "rule_webhooks", "rule_decided_by",
)  # fmt: skip
_EDITED, _PROBLEM, _DONE = "rule_edited", "rule_problem", "rule_done"
_EMPTY: dict[str, object] = {
    _QUERY: "", _NAME: "", _BUDGET: 1.0, _SOURCES: [], _HOURS: "", _WEBHOOKS: [], _DECIDED: "budget",
}  # fmt: skip
_DECIDED_BY: dict[DecidedBy, str] = {
    "budget": "how often it may trouble you for nothing",
    "examples": "what is marked right and wrong, once two of each are",
}


@dataclass(frozen=True, slots=True)
class _Problem:
    draft: Draft
    error: ApiDown | ApiRefused


def go_write(query: str, done: str = "") -> None:
    """The form with this query, on the next whole run of the page. `done` is what came of the one before."""
    views.go("rules", **{**_EMPTY, _QUERY: query, _EDITED: None, _PROBLEM: None, _DONE: done})


def go_change(rule: Rule) -> None:
    values: dict[str, object] = {
        _QUERY: rule.query, _NAME: rule.name, _BUDGET: rule.false_alarms_per_day, _SOURCES: [], _HOURS: rule.hours,
        _WEBHOOKS: list(rule.webhooks), _DECIDED: rule.decided_by, _EDITED: (rule.id, rule.name), _PROBLEM: None,
        _DONE: "",
    }  # fmt: skip
    views.go("rules", **values)


def rule_form(api: RulesApi, sources: Sequence[str], webhooks: Sequence[Webhook]) -> Draft:
    """Draws the form, of which all but the words waits for these; what is written in it."""
    edited: tuple[str, str] | None = st.session_state.get(_EDITED)
    for key, value in _EMPTY.items():
        st.session_state.setdefault(key, value)
    st.html(markup.line("A new rule" if edited is None else f"Changing {edited[1]}", "ns-section"))
    query = st.text_input(
        "What should be watched for?", key=_QUERY, max_chars=1000, icon=":material/notifications:",
        label_visibility="collapsed", persist_state="session",
        placeholder='What should be watched for? "fire alarm", a forklift source:hall, speaker:Ana budget',
    ).strip()  # fmt: skip
    if done := st.session_state.get(_DONE):
        st.html(markup.line(done, "ns-note ns-done"))
    if not query:
        _examples()
        return Draft("")
    under_query = st.container()
    draft = _draft(query, sources, webhooks)
    _acts(api, draft, edited)
    problem: _Problem | None = st.session_state.get(_PROBLEM)
    if problem is not None and problem.draft == draft:
        under_query.html(_said(problem))
    return draft


def _acts(api: RulesApi, draft: Draft, edited: tuple[str, str] | None) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="rule-acts"):
        if st.button("Try it on the last week", key="rule-try", icon=":material/history:"):
            _keep_problem(draft, rule_trial.try_draft(api, draft))
        label = "Watch for it" if edited is None else "Save"
        if st.button(label, key="rule-save", type="primary", icon=":material/check:"):
            _save(api, draft, None if edited is None else edited[0])
        if st.button("Cancel", key="rule-cancel", type="tertiary"):
            rule_trial.forget()
            go_write("")
            st.rerun()


def _draft(query: str, sources: Sequence[str], webhooks: Sequence[Webhook]) -> Draft:
    name_column, budget_column = st.columns(2)
    with name_column:
        name = st.text_input(
            "Name", key=_NAME, max_chars=100, placeholder="What people call it", persist_state="session"
        ).strip()
    with budget_column:
        budgets = sorted({*BUDGETS, st.session_state[_BUDGET]}, reverse=True)
        budget = st.selectbox(
            "False alarms, at most about", budgets, key=_BUDGET, format_func=how_often, persist_state="session",
            help="Words are compared with what is seen and said. The rule finds out from which likeness on it may "
            "tell you, so that it troubles you no more often than this for nothing.",
        )  # fmt: skip
    with st.expander("Where, when, whom to tell, and how it learns"):
        where = st.multiselect(
            "Sources", sources, key=_SOURCES, placeholder="All sources", persist_state="session"
        )  # fmt: skip
        hours = st.text_input(
            "Hours", key=_HOURS, persist_state="session",
            placeholder=f"Always, or such as mon-fri 18:00-06:00 {st.context.timezone or 'Europe/Berlin'}",
        ).strip()  # fmt: skip
        names = sorted({*(webhook.name for webhook in webhooks), *st.session_state[_WEBHOOKS]})
        told = st.multiselect(
            "Webhooks", names, key=_WEBHOOKS, persist_state="session", disabled=not names,
            placeholder="Nobody outside: it is shown here" if names else "None yet: nowseen webhooks add",
        )  # fmt: skip
        decided_by = st.selectbox(
            "From which likeness on it tells is decided by", list(_DECIDED_BY), key=_DECIDED, persist_state="session",
            format_func=lambda by: _DECIDED_BY[by],
        )  # fmt: skip
    return Draft(in_sources(query, where), name, hours, tuple(told), float(budget), decided_by)


def _examples() -> None:
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center", key="examples-rules"):
        st.html(markup.line("Such as"), width="content")
        for example in EXAMPLES:
            st.button(example, key=f"example-rule-{example}", on_click=go_write, args=(example,))


def _save(api: RulesApi, draft: Draft, edited: str | None) -> None:
    try:
        with st.spinner("It learns from what is stored how often it would tell"):
            made = api.add(draft) if edited is None else api.change(edited, draft.body())
    except (ApiDown, ApiRefused) as error:
        _keep_problem(draft, error)
        return
    rule_trial.forget()
    go_write("", f"{made.name} is watched for." if edited is None else f"{made.name} is changed.")
    st.rerun()


def _keep_problem(draft: Draft, error: ApiDown | ApiRefused | None) -> None:
    st.session_state[_PROBLEM] = None if error is None else _Problem(draft, error)
    st.session_state[_DONE] = ""


def _said(problem: _Problem) -> str:
    error = problem.error
    if isinstance(error, ApiRefused) and error.at is not None:
        return query_markup.mistake(problem.draft.query, str(error), error.at)
    return query_markup.refusal(str(error))
