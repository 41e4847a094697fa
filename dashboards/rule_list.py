"""The rules there are: what each watches for, how often it will tell, and what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

import streamlit as st

from dashboards import markup, rule_form, rule_markup, rule_trial, views
from dashboards.answers import Encoder
from dashboards.api_client import ApiDown, ApiRefused
from dashboards.failure import REFRESH_S, failure
from dashboards.rule_answers import Rule
from dashboards.rule_view import rule_card
from dashboards.rules_api import RulesApi
from dashboards.view_models import other_warnings

_PROBLEMS = "rule_problems"


@st.fragment(run_every=REFRESH_S)
def rule_list(api: RulesApi, encoders: Sequence[Encoder], zone: tzinfo) -> None:
    try:
        found = api.rules()
    except (ApiDown, ApiRefused) as error:
        st.html(failure(api.node, error))
        return
    rules = found.rules
    for left_out in found.left_out:
        with st.container(key=f"rule-{left_out.id}", border=True, gap="small"):
            st.html(rule_markup.left_out(left_out))
            _remove_button(api, left_out.id)
    if not rules:
        lines = ["Write what should be watched for, try it on what is stored, and switch it on."]
        st.html(markup.notice("No rules yet", lines))
        return
    st.html(markup.heading("Watched for", f"Updated every {REFRESH_S:.0f} s", is_held=False))
    for rule in rules:
        with st.container(key=f"rule-{rule.id}", border=True, gap="small"):
            st.html(rule_markup.rule(rule_card(rule, other_warnings(rule.warnings, encoders))))
            with st.container(key=f"acts-rule-{rule.id}", horizontal=True, gap="small"):
                _acts(api, rule)
            if problem := st.session_state.get(_PROBLEMS, {}).get(rule.id):
                st.html(markup.line(problem))
            rule_trial.show(api, rule.id, zone)


def _acts(api: RulesApi, rule: Rule) -> None:
    is_paused = rule.state == "paused"
    st.button(
        "Resume" if is_paused else "Pause", key=f"pause-{rule.id}", type="tertiary",
        icon=":material/play_arrow:" if is_paused else ":material/pause:", on_click=_switch, args=(api, rule),
    )  # fmt: skip
    if st.button("Incidents", key=f"incidents-{rule.id}", type="tertiary", icon=":material/notifications:"):
        views.go("incidents", rule=rule.id)
        st.rerun()
    if st.button(
        "Try it", key=f"try-{rule.id}", type="tertiary", icon=":material/history:",
        help="What it would have told last week",
    ):  # fmt: skip
        _keep_problem(rule.id, rule_trial.try_rule(api, rule))
    if st.button("Change", key=f"change-{rule.id}", type="tertiary", icon=":material/edit:"):
        rule_form.go_change(rule)
        st.rerun()
    _remove_button(api, rule.id)


def _remove_button(api: RulesApi, rule_id: str) -> None:
    with st.popover("Remove", type="tertiary", icon=":material/delete:", key=f"remove-ask-{rule_id}"):
        st.html(markup.line("It watches no more, and what it has learnt is gone."))
        st.button("Remove it", key=f"remove-{rule_id}", on_click=_remove, args=(api, rule_id))


def _switch(api: RulesApi, rule: Rule) -> None:
    try:
        api.switch(rule.id, "active" if rule.state == "paused" else "paused")
    except (ApiDown, ApiRefused) as error:
        _keep_problem(rule.id, error)
    else:
        _keep_problem(rule.id, None)


def _remove(api: RulesApi, rule_id: str) -> None:
    try:
        api.remove(rule_id)
    except (ApiDown, ApiRefused) as error:
        _keep_problem(rule_id, error)


def _keep_problem(rule_id: str, error: ApiDown | ApiRefused | None) -> None:
    problems: dict[str, str] = st.session_state.setdefault(_PROBLEMS, {})
    problems.pop(rule_id, None)
    if error is not None:
        problems[rule_id] = f"Not done: {error}"
