"""Moments that the answer is to be like, or not like. They stand in the page's address by their ids.

The node leaves out what is nearer to the second than to the first, so the second mean nothing without the first.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import streamlit as st

from dashboards import address
from dashboards.playing import new_question

Side: TypeAlias = Literal["like", "unlike"]
SIDES: tuple[Side, ...] = ("like", "unlike")
_NAMES = "names_of_moments"


def chosen() -> dict[Side, tuple[str, ...]]:
    """The ids, after what the address says."""
    ids: dict[Side, tuple[str, ...]] = {}
    for side in SIDES:
        given = address.news(side)
        ids[side] = tuple(dict.fromkeys(_of(side) if given is None else given))
    if not ids["like"]:
        ids["unlike"] = ()
    _keep(ids)
    return ids


def add(side: Side, id: str, name: str) -> None:
    """`name` is what people see of it. A moment is on one side at most."""
    st.session_state.setdefault(_NAMES, {})[id] = name
    ids = {each: tuple(known for known in _of(each) if known != id) for each in SIDES}
    ids[side] += (id,)
    new_question()
    _keep(ids)


def remove(side: Side, id: str) -> None:
    new_question()
    _keep({each: tuple(known for known in _of(each) if each != side or known != id) for each in SIDES})


def clear() -> None:
    _keep(dict.fromkeys(SIDES, ()))


def name(id: str) -> str:
    """Who opens an address that somebody else made has the id alone."""
    known: dict[str, str] = st.session_state.get(_NAMES, {})
    return known.get(id, f"moment {id[:8]}")


def _of(side: Side) -> tuple[str, ...]:
    ids: tuple[str, ...] = st.session_state.get(side, ())
    return ids


def _keep(ids: dict[Side, tuple[str, ...]]) -> None:
    for side in SIDES:
        st.session_state[side] = ids[side]
        address.write(side, ids[side])
