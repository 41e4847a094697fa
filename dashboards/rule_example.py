"""What a rule is to be like, beside its words or without any: a moment, or a picture or a voice from a file.

It stays with the page's session, as a search's file does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from dashboards import example_file, likes
from dashboards.labels import plain
from dashboards.question import ExampleFile, Question
from dashboards.rule_words import with_filters

KEY = "rule_example"


@dataclass(frozen=True, slots=True)
class RuleExample:
    label: str
    like: str = ""  # the id of a moment
    file: ExampleFile | None = None


NONE = RuleExample("")


@dataclass(frozen=True, slots=True)
class RuleStart:
    """What the form for a new rule begins with."""

    query: str
    example: RuleExample = NONE


def rule_start(question: Question, labels: Mapping[str, str]) -> RuleStart | None:
    """The question as a rule, with the filters beside it; None for one that a rule can't ask: it is like one thing at
    most. `labels` has what speakers are called by their ids."""
    query, file = with_filters(question.query, question.where, labels), question.file
    if file is not None:
        is_known = file.by in ("picture", "voice")
        return RuleStart(query, RuleExample(example_file.describe(file), file=file)) if is_known else None
    if question.unlike or len(question.like) > 1:
        return None
    return RuleStart(query, *(RuleExample(likes.name(id), id) for id in question.like))


def given() -> RuleExample:
    example: RuleExample = st.session_state.get(KEY) or NONE
    return example


def chip() -> None:
    """Draws what is given, to be taken away."""
    if (example := given()) != NONE:
        with st.container(horizontal=True, key="beside-rule"):
            st.button(
                plain(f"Like {example.label}"), key="beside-like-rule", help="Remove", icon=":material/close:",
                icon_position="right", on_click=_remove,
            )  # fmt: skip


def _remove() -> None:
    st.session_state[KEY] = NONE
