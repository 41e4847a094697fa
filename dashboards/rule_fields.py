"""What stands beside the words of a rule: its name, how often it may be wrong, where, when and whom it tells."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboards.question import ExampleFile
from dashboards.rates import BUDGETS, how_often
from dashboards.rule_answers import Rule, Webhook
from dashboards.rule_words import in_sources
from dashboards.rules_api import Draft
from domain.rules import DecidedBy

_NAME, _BUDGET, _SOURCES, _HOURS, _WEBHOOKS, _DECIDED = (
    "rule_name", "rule_budget", "rule_sources", "rule_hours", "rule_webhooks", "rule_decided_by",
)  # fmt: skip
EMPTY: dict[str, object] = {
    _NAME: "", _BUDGET: 1.0, _SOURCES: [], _HOURS: "", _WEBHOOKS: [], _DECIDED: "budget",
}  # fmt: skip
_DECIDED_BY: dict[DecidedBy, str] = {
    "budget": "how often it may trouble you for nothing",
    "examples": "what is marked right and wrong, once two of each are",
}


def of_rule(rule: Rule) -> dict[str, object]:
    """The fields' values. Its sources stand in its query."""
    return {
        _NAME: rule.name, _BUDGET: rule.false_alarms_per_day, _SOURCES: [], _HOURS: rule.hours,
        _WEBHOOKS: list(rule.webhooks), _DECIDED: rule.decided_by,
    }  # fmt: skip


def draft_fields(
    query: str, like: str, file: ExampleFile | None, sources: Sequence[str], webhooks: Sequence[Webhook]
) -> Draft:
    """Draws the fields. `like` and `file` are what the rule is to be like."""
    name_column, budget_column = st.columns(2)
    with name_column:
        name = st.text_input(
            "Name", key=_NAME, max_chars=100, placeholder="What people call it", persist_state="session"
        ).strip()
    with budget_column:
        budgets = sorted({*BUDGETS, st.session_state[_BUDGET]}, reverse=True)
        budget = st.selectbox(
            "False alarms, at most about", budgets, key=_BUDGET, format_func=how_often, persist_state="session",
            help="What is asked for is compared with what is seen and said. The rule finds out from which likeness on "
            "it may tell you, so that it troubles you no more often than this for nothing.",
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
    return Draft(in_sources(query, where), name, hours, tuple(told), float(budget), decided_by, like, file)
