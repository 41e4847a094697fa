"""A picture, a clip or a recording to search by. The file stays with the page's session, not in its address."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from dashboards import likes
from dashboards.playing import new_question
from dashboards.question import By, ExampleFile

_FILE, _BY, _TIMES_CHOSEN, _OPEN = "example_file", "example_by", "times_example_chosen", "example_open"
_PICTURES = ("jpg", "jpeg", "png", "webp", "gif", "bmp")
_CLIPS = ("mp4", "m4v", "mov", "mkv", "webm", "ts", "avi")
_SOUNDS = ("wav", "mp3", "m4a", "aac", "flac", "ogg", "opus", "mp4", "mov", "mkv", "webm")


@dataclass(frozen=True, slots=True)
class _Way:
    label: str
    hint: str
    types: tuple[str, ...]
    largest_mb: int


# Limits as the search node has them.
_WAYS: dict[By, _Way] = {
    "picture": _Way("Picture", "Finds what looks like it.", _PICTURES, 20),
    "clip": _Way("Clip", "Finds what looks like it. At most 60 s.", _CLIPS, 100),
    "voice": _Way("Voice", "Finds who sounds like it, whatever is said. 3 to 60 s of one person.", _SOUNDS, 20),
    "speech": _Way("Words", "Finds what is said in it. At most 30 s.", _SOUNDS, 20),
}


def chosen() -> ExampleFile | None:
    file: ExampleFile | None = st.session_state.get(_FILE)
    return file


def remove() -> None:
    new_question()
    st.session_state.pop(_FILE, None)


def describe(file: ExampleFile) -> str:
    return f"{_WAYS[file.by].label} of {file.name}" if file.by in ("voice", "speech") else file.name


def choose() -> None:
    """Draws the popover. It closes when a file has come."""
    with st.popover("By example", icon=":material/image_search:", key=_OPEN, on_change="rerun"):
        by: By = st.radio(
            "Search by", list(_WAYS), key=_BY, horizontal=True, format_func=lambda by: _WAYS[by].label,
            persist_state="session",
        )  # fmt: skip
        way = _WAYS[by]
        # A new key empties the uploader: what was sent is kept once, here.
        key = f"example-{by}-{st.session_state.get(_TIMES_CHOSEN, 0)}"
        st.file_uploader(
            way.hint, way.types, key=key, max_upload_size=way.largest_mb, on_change=_take, args=(by, key)
        )  # fmt: skip


def _take(by: By, key: str) -> None:
    sent = st.session_state.get(key)
    if sent is None:
        return
    new_question()
    likes.clear()  # the node takes one or the other
    st.session_state[_FILE] = ExampleFile(by, sent.name, sent.getvalue())
    st.session_state[_TIMES_CHOSEN] = st.session_state.get(_TIMES_CHOSEN, 0) + 1
    st.session_state[_OPEN] = False
