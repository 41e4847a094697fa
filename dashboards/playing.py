"""Which card plays, and what stood around it when it began: what moves would stop its own player."""

from __future__ import annotations

from typing import TypeVar

import streamlit as st

_OPEN, _TIMES_OPENED, _HELD, _NEWEST = "open_card", "times_opened", "held_cards", "newest_cards"
_SHOWN = "shown"
_T = TypeVar("_T")


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


def held(kind: type[_T]) -> tuple[_T, ...] | None:
    """What was shown when one of it began to play; None while none does."""
    kept: tuple[object, ...] | None = st.session_state.get(_HELD) if _OPEN in st.session_state else None
    return None if kept is None else tuple(each for each in kept if isinstance(each, kind))


def may_be_held(newest: tuple[object, ...]) -> None:
    """Said of what changes by itself, before it is drawn."""
    st.session_state[_NEWEST] = newest
