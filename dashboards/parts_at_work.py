"""What of the whole does not work, where the search node itself does."""

from __future__ import annotations

import streamlit as st

from dashboards import markup
from dashboards.api_client import ApiDown, ApiRefused, SearchApi
from dashboards.failure import REFRESH_S

_NAMES = {"worker": "The worker, which looks, listens and reads", "others": "The other parts"}


@st.fragment(run_every=REFRESH_S)
def parts_at_work(api: SearchApi) -> None:
    """Draws a line for each part with a fault; nothing while the node does not answer, which the page says itself."""
    try:
        parts = api.health().parts
    except (ApiDown, ApiRefused):
        return
    if lines := [f"{_NAMES.get(name, f'The {name}')}: {part.detail}" for name, part in parts.items() if not part.ok]:
        st.html(markup.banner(lines, "Not at work"))
