"""The box, what may stand beside words, and how to write them."""

from __future__ import annotations

import streamlit as st

from dashboards import example_file, likes, markup, playing, query_markup
from dashboards.labels import plain
from dashboards.likes import SIDES, Side
from dashboards.question import Question

EXAMPLES = ("a cat", "a cup of coffee", "a rocket", "somebody selfish", "a storm at sea")
_SAID: dict[Side, str] = {"like": "Like", "unlike": "Not like"}


def query_box() -> Question:
    """What is asked, without the filters of the sidebar."""
    with st.container(key="ask", horizontal=True, wrap=False, gap="small", vertical_alignment="center"):
        typed = st.text_input(
            "What are you looking for?", key="q", type="search", max_chars=1000, label_visibility="collapsed",
            icon=":material/search:", placeholder='What was seen or said? car -truck, "thank you", speaker:Ana',
            on_change=playing.new_question, bind="query-params",
        )  # fmt: skip
        example_file.choose()
        with st.popover("How to ask", icon=":material/help:", type="tertiary", key="how"):
            st.html(query_markup.how_to_ask())
    file = example_file.chosen()
    if file is not None:
        likes.clear()
    moments = likes.chosen()
    question = Question((typed or "").strip(), like=moments["like"], unlike=moments["unlike"], file=file)
    if question.is_empty:
        _examples()
    elif file or question.like:
        _beside(question)
    return question


def _examples() -> None:
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center", key="examples"):
        st.html(markup.line("Try"), width="content")
        for example in EXAMPLES:
            st.button(example, key=f"example-{example}", on_click=_ask, args=(example,))


def _ask(query: str) -> None:
    playing.new_question()
    st.session_state["q"] = query


def _beside(question: Question) -> None:
    """What is looked for beside the words, each to be taken away."""
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center", key="beside"):
        if question.file is not None:
            # A name is a stranger's text, and a label is Markdown.
            st.button(
                plain(example_file.describe(question.file)), key="beside-file", help="Remove",
                icon=":material/close:", icon_position="right", on_click=example_file.remove,
            )  # fmt: skip
        for side in SIDES:
            for id in question.like if side == "like" else question.unlike:
                st.button(
                    plain(f"{_SAID[side]} {likes.name(id)}"), key=f"beside-{side}-{id}", help="Remove",
                    icon=":material/close:", icon_position="right", on_click=likes.remove, args=(side, id),
                )  # fmt: skip
