"""What a rule would have told last week, with pictures: the way to know one before it is switched on."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import tzinfo

import streamlit as st

from dashboards import incident_cards, markup, rule_markup
from dashboards.api_client import ApiDown, ApiRefused
from dashboards.incident_view import incident_card
from dashboards.rates import how_often, told_words
from dashboards.rule_answers import Backtest, Replay, Rule
from dashboards.rule_view import source_line
from dashboards.rules_api import Draft, RulesApi
from dashboards.times import clock
from domain.backtest import TriedOver

_TRIAL = "rule_trial"
_DAYS = 7.0
_SHOWN = 12


_OTHER: dict[TriedOver, TriedOver] = {"stored": "replay", "replay": "stored"}
_WORDS: dict[TriedOver, str] = {"stored": "what is stored", "replay": "a replay of Kafka"}


@dataclass(frozen=True, slots=True)
class _Trial:
    of: Draft | str  # a draft, or the id of a rule
    over: TriedOver
    result: Backtest


def try_draft(api: RulesApi, draft: Draft) -> ApiDown | ApiRefused | None:
    """Returns why it can't be tried; what came of it is kept until another is."""
    return _try(api, draft, "stored")


def try_rule(api: RulesApi, rule: Rule) -> ApiDown | ApiRefused | None:
    return _try(api, rule.id, "stored")


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
        with st.container(horizontal=True, gap="small"):
            _other(api, trial)
            st.button("Close", key=f"trial-close-{_name(of)}", type="tertiary", on_click=forget)


def _other(api: RulesApi, trial: _Trial) -> None:
    other = _OTHER[trial.over]
    if st.button(
        f"Try it on {_WORDS[other]}", key=f"trial-other-{_name(trial.of)}", type="tertiary", icon=":material/replay:",
        help="What is stored is tried in order of time; a replay is what Kafka still holds, in the order it came.",
    ):  # fmt: skip
        error = _try(api, trial.of, other)
        if error is None:
            st.rerun()
        st.session_state[_TRIAL] = trial
        st.html(markup.line(str(error)))


def _name(of: Draft | str) -> str:
    return of if isinstance(of, str) else ""


def _how_tried(result: Backtest, zone: tzinfo, now_s: float) -> str:
    since, until = clock(result.since_s, zone, now_s), clock(result.until_s, zone, now_s)
    kept = ", ".join(f"{count:,} {reason}" for reason, count in result.suppressed.items() if count)
    is_flattering = result.learnt_from == "same" and any(incident.best.score < 1 for incident in result.incidents)
    return (
        f"Tried on {'a replay of ' if result.replay else ''}{result.moments:,} moments from {since} to {until}."
        + (_lacks(result.replay) if result.replay else "")
        + (f" Kept back: {kept}." if kept else "")
        + (" It learnt from the same moments, so it looks a little better than it will be." if is_flattering else "")
    )


def _lacks(replay: Replay) -> str:
    return (
        (" There was no time to read what Kafka holds from before that." if replay.is_out_of_time else "")
        + (f" {replay.left_out:,} damaged or refused records were left out." if replay.left_out else "")
        + (
            f" {replay.not_stored:,} moments are not stored: what asks for a speaker, mood or voice, or for one that "
            "is not there, can't match them."
            if replay.not_stored
            else ""
        )
    )


def _try(api: RulesApi, of: Draft | str, over: TriedOver) -> ApiDown | ApiRefused | None:
    forget()
    try:
        with st.spinner(f"Trying it on {_WORDS[over]}"):
            result = api.try_known(of, _DAYS, over) if isinstance(of, str) else api.try_out(of, _DAYS, over)
    except (ApiDown, ApiRefused) as error:
        return error
    st.session_state[_TRIAL] = _Trial(of, over, result)
    return None
