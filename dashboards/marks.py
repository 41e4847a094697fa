"""People say of a match whether it was right to tell of it: what a rule learns from."""

from __future__ import annotations

import streamlit as st

from dashboards import markup
from dashboards.api_client import ApiDown, ApiRefused
from dashboards.incident_view import IncidentCard
from dashboards.rules_api import RulesApi

_MARKED, _PROBLEMS = "marked_matches", "marking_problems"


def buttons(api: RulesApi, shown: IncidentCard) -> None:
    """The node tells how many are marked and not which: this page remembers its own."""
    if not shown.can_be_marked:
        return
    key = (shown.rule_id, shown.card.moment_id)
    marked: bool | None = st.session_state.get(_MARKED, {}).get(key)
    # The same moment may stand there twice: told by one event and kept back by another.
    name = f"{shown.card.key}-mark"
    with st.container(key=f"ask-on-{name}", horizontal=True, gap="small", vertical_alignment="center"):
        if marked is None:
            for label, icon, is_right in (("Right", "thumb_up", True), ("Wrong", "thumb_down", False)):
                st.button(
                    label, key=f"{name}-{label}", icon=f":material/{icon}:", type="tertiary",
                    on_click=_mark, args=(api, *key, is_right),
                )  # fmt: skip
        else:
            st.html(markup.line(f"Marked {'right' if marked else 'wrong'}"), width="content")
            st.button("Take back", key=f"{name}-back", type="tertiary", on_click=_mark, args=(api, *key, None))
    if problem := st.session_state.get(_PROBLEMS, {}).get(key):
        st.html(markup.line(problem))


def _mark(api: RulesApi, rule_id: str, moment_id: str, is_right: bool | None) -> None:
    key = (rule_id, moment_id)
    marked: dict[tuple[str, str], bool] = st.session_state.setdefault(_MARKED, {})
    problems: dict[tuple[str, str], str] = st.session_state.setdefault(_PROBLEMS, {})
    problems.pop(key, None)
    try:
        api.mark(rule_id, moment_id, is_right)
    except (ApiDown, ApiRefused) as error:
        problems[key] = f"Not marked: {error}"
        return
    if is_right is None:
        marked.pop(key, None)
    else:
        marked[key] = is_right
