"""The latest incidents of all rules or of one, and the matches that nobody was told of."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import tzinfo
from typing import Literal, cast, get_args

import streamlit as st

from dashboards import address, incident_cards, markup, playing, views
from dashboards.api_client import ApiDown, ApiRefused
from dashboards.failure import REFRESH_S, failure
from dashboards.incident_view import IncidentCard, incident_card, suppressed_card
from dashboards.rule_answers import Rule
from dashboards.rules_api import RulesApi
from dashboards.views import RULE

_PAGE_SIZE, _MOST = 24, 120
_RULES_ASKED = 20  # for what they kept back, when no rule is chosen: those with the most of it
_WHICH = "told_or_kept"
Which = Literal["Told", "Kept back"]


def chosen_rule(rules: Sequence[Rule]) -> Rule | None:
    """Draws the choice; None is all of them."""
    names = {rule.id: rule.name for rule in rules}
    if (given := address.news(RULE)) is not None:
        st.session_state[RULE] = next(iter(address.meant(given, list(names), lambda id: names[id])), None)
    if st.session_state.get(RULE) not in names:
        st.session_state[RULE] = None
    id = st.selectbox(
        "Rule", list(names), index=None, key=RULE, placeholder="All rules", format_func=lambda id: names.get(id, id),
        on_change=playing.new_question, persist_state="session",
    )  # fmt: skip
    address.write(RULE, () if id is None else (id,))
    return next((rule for rule in rules if rule.id == id), None)


def incidents_page(api: RulesApi, rules: Sequence[Rule], rule: Rule | None, zone: tzinfo) -> None:
    which = cast(Which, st.segmented_control(
        "Which", get_args(Which), default="Told", key=_WHICH, required=True, label_visibility="collapsed",
        on_change=playing.new_question, persist_state="session",
    ))  # fmt: skip
    if not rules:
        st.html(markup.notice("No rules yet", ["A rule watches for what you would search for, and tells you of it."]))
        st.button("Make a rule", key="first-rule", icon=":material/add:", on_click=views.go, args=("rules",))
        return
    _latest(api, rules if rule is None else (rule,), None if rule is None else rule.id, which, zone)


@st.fragment(run_every=REFRESH_S)
def _latest(api: RulesApi, rules: Sequence[Rule], rule: str | None, which: Which, zone: tzinfo) -> None:
    """Stands still while a clip plays: a card that moves would stop its own player."""
    held, limit = playing.held(IncidentCard), playing.shown(_PAGE_SIZE)
    if held is None:
        try:
            shown = _told(api, rule, limit, zone) if which == "Told" else _kept_back(api, rules, limit, zone)
        except (ApiDown, ApiRefused) as error:
            st.html(failure(api.node, error))
            return
        playing.may_be_held(shown)
    else:
        shown = held
    title = "Latest incidents" if which == "Told" else "Kept back, with the reason"
    note = f"Updated every {REFRESH_S:.0f} s" if held is None else "Standing still while a clip plays"
    st.html(markup.heading(title, note, is_held=held is not None))
    if shown:
        incident_cards.grid(api, shown)
        if len(shown) >= limit and limit < _MOST and st.button("Show more", key="more-incidents"):
            playing.show(limit + _PAGE_SIZE)
            st.rerun()
    elif which == "Told":
        st.html(markup.notice("Nothing yet", ["What a rule finds appears here by itself, and stays while it is open."]))
    else:
        lines = ["Matches that nobody is told of appear here: near misses, repetitions, what came outside the hours."]
        st.html(markup.notice("Nothing was kept back", lines))


def _told(api: RulesApi, rule: str | None, limit: int, zone: tzinfo) -> tuple[IncidentCard, ...]:
    now_s = time.time()
    found = sorted(api.incidents(limit, rule), key=lambda incident: not incident.is_open)
    return tuple(incident_card(incident, zone, now_s, api.node.url) for incident in found)


def _kept_back(api: RulesApi, rules: Sequence[Rule], limit: int, zone: tzinfo) -> tuple[IncidentCard, ...]:
    most = sorted(rules, key=lambda rule: -sum(rule.suppressed.values()))[:_RULES_ASKED]
    found = [(each, rule) for rule in most for each in api.suppressed(rule.id, limit).suppressed]
    found.sort(key=lambda pair: -pair[0].match.start_s)
    now_s = time.time()
    made = (suppressed_card(each, rule.id, rule.name, zone, now_s, api.node.url) for each, rule in found)
    return tuple({card.card.key: card for card in made}.values())[:limit]
