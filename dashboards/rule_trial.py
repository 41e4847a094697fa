"""What a rule would have told last week, with pictures: the way to know one before it is switched on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo

import streamlit as st

from dashboards import incident_cards, markup, rule_markup
from dashboards.api_client import ApiDown, ApiRefused
from dashboards.incident_view import incident_card, told_words
from dashboards.rates import how_often
from dashboards.rule_answers import Backtest, Rule
from dashboards.rule_view import source_line
from dashboards.rules_api import Draft, RulesApi
from dashboards.times import clock

_TRIAL = "rule_trial"
_DAYS = 7.0
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class _Trial:
    of: Draft | str  # a draft, or the id of a rule
    result: Backtest


def try_draft(api: RulesApi, draft: Draft) -> ApiDown | ApiRefused | None:
    """Returns why it can't be tried; what came of it is kept until another is."""
    return _try(draft, lambda: api.try_out(draft, _DAYS))


def try_rule(api: RulesApi, rule: Rule) -> ApiDown | ApiRefused | None:
    return _try(rule.id, lambda: api.try_known(rule.id, _DAYS))


def forget() -> None:
    st.session_state.pop(_TRIAL, None)


def show(api: RulesApi, of: Draft | str, zone: tzinfo) -> None:
    """Draws nothing when it was something else that was tried."""
    trial: _Trial | None = st.session_state.get(_TRIAL)
    if trial is None or trial.of != of:
        return
    result, now_s = trial.result, time.time()
    per_day = "" if result.per_day is None else how_often(result.per_day)
    with st.container(key=f"trial-{of if isinstance(of, str) else 'draft'}", border=True):
        st.html(markup.line(told_words(len(result.incidents), result.days_watched, per_day), "ns-section"))
        st.html(markup.line(_how_tried(result, zone, now_s)))
        # The latest first, as everywhere.
        latest = sorted(result.incidents, key=lambda incident: -incident.start_s)[:_SHOWN]
        if len(latest) < len(result.incidents):
            st.html(markup.line(f"The latest {len(latest)}:"))
        if latest:
            cards = tuple(incident_card(incident, zone, now_s, api.node.url) for incident in latest)
            incident_cards.grid(api, cards, is_trial=True)
        if any(each.is_warming_up for each in result.thresholds.values()):
            lines = (source_line(source, each) for source, each in sorted(result.thresholds.items()))
            st.html(rule_markup.source_lines(lines))
        st.button("Close", key=f"trial-close-{of if isinstance(of, str) else ''}", type="tertiary", on_click=forget)


def _how_tried(result: Backtest, zone: tzinfo, now_s: float) -> str:
    since, until = clock(result.since_s, zone, now_s), clock(result.until_s, zone, now_s)
    kept = ", ".join(f"{count:,} {reason}" for reason, count in result.suppressed.items() if count)
    is_flattering = result.learnt_from == "same" and any(incident.best.score < 1 for incident in result.incidents)
    return (
        f"Tried on {result.moments:,} moments from {since} to {until}."
        + (f" Kept back: {kept}." if kept else "")
        + (" It learnt from the same moments, so it looks a little better than it will be." if is_flattering else "")
    )


def _try(of: Draft | str, ask: Callable[[], Backtest]) -> ApiDown | ApiRefused | None:
    forget()
    try:
        with st.spinner("Trying it on what is stored"):
            st.session_state[_TRIAL] = _Trial(of, ask())
    except (ApiDown, ApiRefused) as error:
        return error
    return None
