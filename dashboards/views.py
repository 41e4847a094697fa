"""Which of the page's views is shown. It stands in the address, so that each can be shared and gone back from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast, get_args

import streamlit as st

from dashboards import address, playing

View = Literal["search", "rules", "incidents"]
_VIEWS: tuple[View, ...] = get_args(View)
_VIEW, _ASKED = "view", "view_asked"
RULE = "rule"  # whose incidents are shown


def chosen() -> View:
    """Draws the switch. Comes before whatever `go` sets."""
    asked: tuple[View, Mapping[str, object]] | None = st.session_state.pop(_ASKED, None)
    if asked is not None:
        playing.new_question()
        st.session_state[_VIEW] = asked[0]
        for key, value in asked[1].items():
            st.session_state[key] = value
    elif (given := address.news(_VIEW)) is not None:
        st.session_state[_VIEW] = next(iter(address.meant(given, _VIEWS, str.capitalize)), "search")
    st.session_state.setdefault(_VIEW, "search")
    view = st.segmented_control(
        "View", _VIEWS, key=_VIEW, format_func=str.capitalize, required=True, label_visibility="collapsed",
        on_change=playing.new_question, width="content",
    )  # fmt: skip
    view = cast(View, view)
    address.write(_VIEW, () if view == "search" else (view,))
    if view != "incidents":
        address.write(RULE, ())
    return view


def go(view: View, **values: object) -> None:
    """With the next whole run of the page, which the caller asks for where a fragment alone would run: shows that
    view, with these values of its widgets."""
    st.session_state[_ASKED] = (view, values)
