"""What is chosen on the page stands in its address, spelled as the node spells it, so that a search can be shared.

Streamlit's own binding of a list to the address takes up only the labels that the page shows: it would throw
`?mood=angry` away, because the page says "Angry".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import streamlit as st

_T = TypeVar("_T", bound=str)


def news(name: str) -> tuple[str, ...] | None:
    """What the address says under that name; None when that is what the page last wrote there.

    So there is news when the page is opened with it, and when the viewer goes back.
    """
    given = tuple(st.query_params.get_all(name))
    return None if given == st.session_state.get(_written(name), ()) else given


def write(name: str, values: Sequence[str]) -> None:
    st.session_state[_written(name)] = tuple(values)
    if st.query_params.get_all(name) == list(values):
        return
    if values:
        st.query_params[name] = list(values)
    else:
        del st.query_params[name]


def meant(given: Iterable[str], options: Sequence[_T], name_of: Callable[[_T], str]) -> list[_T]:
    """The options that are given: each as it is spelled, else by itself or by the name that the page shows, in any
    case."""
    found: list[_T] = []
    for each in given:
        wanted = each.casefold()
        found += [option for option in options if option == each] or [
            option for option in options if wanted in (option.casefold(), name_of(option).casefold())
        ]
    return list(dict.fromkeys(found))


def _written(name: str) -> str:
    return f"address_{name}"
