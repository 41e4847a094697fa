"""Draws what does not work where the search node itself does, on top of every view: it can cost results unseen."""

from __future__ import annotations

import streamlit as st

from dashboards import markup
from dashboards.api_client import ApiDown, ApiRefused, SearchApi
from dashboards.failure import REFRESH_S

_NAMES = {"worker": "The worker, which looks, listens and reads", "others": "The other parts"}


@st.fragment(run_every=REFRESH_S)
def not_at_work(api: SearchApi) -> None:
    """Draws each part that does not work and each stage that is stuck.

    Draws nothing while the node does not answer: the rest of the page says that.
    """
    try:
        health = api.health()
    except (ApiDown, ApiRefused):
        return
    faults = [f"{_NAMES.get(name, f'The {name}')}: {part.detail}" for name, part in health.parts.items() if not part.ok]
    for title, lines in (("Not at work", faults), ("Stuck", [each.detail for each in health.stuck])):
        if lines:
            st.html(markup.banner(lines, title))
