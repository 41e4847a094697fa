"""What is happening right now, wherever one is on the page."""

from __future__ import annotations

import time
from datetime import tzinfo

import streamlit as st

from dashboards import incident_markup, views
from dashboards.api_client import ApiDown, ApiRefused
from dashboards.failure import REFRESH_S
from dashboards.incident_view import open_line
from dashboards.rules_api import RulesApi

_LATEST = 20  # what is open began lately
_SHOWN = 3


@st.fragment(run_every=REFRESH_S)
def open_incidents(api: RulesApi, zone: tzinfo) -> None:
    """Draws nothing while nothing is open, and while the node does not answer: the rest of the page says that."""
    try:
        found = [incident for incident in api.incidents(_LATEST) if incident.is_open]
    except (ApiDown, ApiRefused):
        return
    if not found:
        return
    now_s = time.time()
    lines = [(each.rule, each.text, open_line(each, zone, now_s)) for each in found[:_SHOWN]]
    if more := len(found) - _SHOWN:
        lines += [(f"and {more} more", "", "")] if more > 0 else []
    with st.container(key="happening", horizontal=True, wrap=False, vertical_alignment="center", gap="small"):
        st.html(incident_markup.happening(lines))
        if st.button("See", key="see-incidents", type="tertiary", icon=":material/arrow_forward:"):
            views.go("incidents")
            st.rerun()
