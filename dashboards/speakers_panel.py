"""Whom the node has told apart, and a place to say who they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from dashboards import markup
from dashboards.answers import Speaker
from dashboards.api_client import ApiDown, ApiRefused, SearchApi
from dashboards.voices import others

_NAME, _OUTCOME = "speaker_name", "speaker_outcome"


def speakers_panel(api: SearchApi, speakers: Sequence[Speaker]) -> None:
    """Draws nothing while nobody was heard. A change holds for all that was heard before, too."""
    if not speakers:
        return
    st.html(markup.line("Speakers heard", "ns-section"))
    st.html(markup.speakers(speakers))
    if problem := st.session_state.pop(_OUTCOME, None):
        st.html(markup.line(problem))
    labels = {speaker.id: speaker.label for speaker in speakers}
    with st.expander("Name or merge"):
        chosen = st.selectbox("Speaker", list(labels), key="speaker_chosen", format_func=lambda id: labels.get(id, id))
        name = st.text_input("Name", key=_NAME, max_chars=100, placeholder="Who is it?").strip()
        st.button("Save name", key="speaker_save", disabled=not name, on_click=_rename, args=(api, chosen, name))
        same = [speaker.id for speaker in others(speakers, chosen)]
        into = st.selectbox(
            "Same voice as", same, index=None, key="speaker_into", format_func=lambda id: labels.get(id, id),
            placeholder="Another speaker", disabled=not same,
        )  # fmt: skip
        st.button("Merge", key="speaker_merge", disabled=into is None, on_click=_merge, args=(api, chosen, into))


def _rename(api: SearchApi, id: str, name: str) -> None:
    _change(lambda: api.name_speaker(id, name))
    st.session_state[_NAME] = ""


def _merge(api: SearchApi, id: str, into: str) -> None:
    _change(lambda: api.merge_speakers(id, into))


def _change(change: Callable[[], object]) -> None:
    try:
        change()
    except (ApiDown, ApiRefused) as error:
        st.session_state[_OUTCOME] = f"Not changed: {error}"
