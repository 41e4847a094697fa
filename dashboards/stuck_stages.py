"""What can't go on, on top of every view: results are missing that nobody would miss."""

from __future__ import annotations

import streamlit as st

from dashboards import markup
from dashboards.api_client import ApiDown, ApiRefused, SearchApi

_REFRESH_S = 10.0


@st.fragment(run_every=_REFRESH_S)
def stuck_stages(api: SearchApi) -> None:
    """Draws nothing while all goes on, and while the node does not answer: the rest of the page says that."""
    try:
        stuck = api.health().stuck
    except (ApiDown, ApiRefused):
        return
    if stuck:
        st.html(markup.banner([each.detail for each in stuck], "Stuck"))
