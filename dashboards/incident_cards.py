"""Incidents as cards in a grid: the picture or the clip, the words, why, and what people say of it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboards import incident_markup, marks, markup, views
from dashboards.cards import picture_or_player, play_button
from dashboards.incident_view import IncidentCard
from dashboards.rules_api import RulesApi

# A look around is at everything that was there.
_NO_FILTERS: dict[str, object] = {
    "source": [], "kind": [], "speaker": [], "mood": [], "language": [], "time": "Any time",
}  # fmt: skip


def grid(api: RulesApi, shown: Sequence[IncidentCard], *, is_trial: bool = False) -> None:
    """A trial's incidents were told to nobody: there is nothing to mark, and no state to show."""
    columns = st.grid("auto", min_column_width=290)
    for each in shown:
        with columns.cell(), st.container(key=f"card-{each.card.key}", height="stretch"):
            if not is_trial:
                st.html(incident_markup.head(each))
            picture_or_player(each.card)
            st.html(markup.words(each.card))
            with st.container(key=f"act-{each.card.key}", gap="xsmall"):
                play_button(each.card)
                if not is_trial:
                    marks.buttons(api, each)
                _around(each)


def _around(shown: IncidentCard) -> None:
    with st.container(key=f"ask-on-{shown.card.key}", horizontal=True, gap="small"):
        if st.button("A minute around it", key=f"around-{shown.card.key}", icon=":material/search:", type="tertiary"):
            views.go("search", q=shown.around, **_NO_FILTERS)
            st.rerun()
