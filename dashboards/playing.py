"""Which card plays, and the newest moments as they were when it began: what moves would stop its own player."""

from __future__ import annotations

import streamlit as st

from dashboards.answers import Moment

_OPEN, _TIMES_OPENED, _HELD, _NEWEST = "open_card", "times_opened", "held_moments", "newest_moments"
_SHOWN = "shown"


def new_question() -> None:
    """Called when the question changes: what played belongs to the answer that is gone, and so does its length."""
    close_clip()
    st.session_state.pop(_SHOWN, None)


def shown(at_first: int) -> int:
    """How many moments of the answer are asked for."""
    count: int = st.session_state.get(_SHOWN, at_first)
    return count


def show(count: int) -> None:
    st.session_state[_SHOWN] = count


def open_clip(key: str) -> None:
    st.session_state[_OPEN] = key
    st.session_state[_TIMES_OPENED] = times_opened() + 1
    st.session_state.setdefault(_HELD, st.session_state.get(_NEWEST))


def close_clip() -> None:
    st.session_state.pop(_OPEN, None)
    st.session_state.pop(_HELD, None)


def is_open(key: str) -> bool:
    return bool(st.session_state.get(_OPEN) == key)


def times_opened() -> int:
    count: int = st.session_state.get(_TIMES_OPENED, 0)
    return count


def held() -> tuple[Moment, ...] | None:
    """The newest moments as they were when one of them began to play; None while none does."""
    moments: tuple[Moment, ...] | None = st.session_state.get(_HELD) if _OPEN in st.session_state else None
    return moments


def may_be_held(moments: tuple[Moment, ...]) -> None:
    """Said of the newest before they are drawn."""
    st.session_state[_NEWEST] = moments
