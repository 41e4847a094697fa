"""Whom the node has told apart, and a place to say who they are."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from dashboards import markup
from dashboards.api_client import ApiDown, ApiRefused, SearchApi
from dashboards.failure import REFRESH_S
from dashboards.voices import others

_NAME, _PROBLEM, _HAS_CHANGED = "speaker_name", "speaker_problem", "speaker_has_changed"


@st.fragment(run_every=REFRESH_S)
def speakers_panel(api: SearchApi) -> None:
    """Draws nothing while nobody was heard. A change holds for all that was heard before, too."""
    if st.session_state.pop(_HAS_CHANGED, False):
        st.rerun()  # names stand on the cards and in the filters as well
    try:
        speakers = api.speakers()
    except (ApiDown, ApiRefused):
        return  # the sources above say that the node is away
    if not speakers:
        return
    st.html(markup.line("Speakers heard", "ns-section"))
    st.html(markup.speakers(speakers))
    if problem := st.session_state.get(_PROBLEM):
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
    if _change(lambda: api.name_speaker(id, name)):
        st.session_state[_NAME] = ""


def _merge(api: SearchApi, id: str, into: str) -> None:
    _change(lambda: api.merge_speakers(id, into))


def _change(change: Callable[[], object]) -> bool:
    """Whether it was made."""
    st.session_state.pop(_PROBLEM, None)
    try:
        change()
    except (ApiDown, ApiRefused) as error:
        st.session_state[_PROBLEM] = f"Not changed: {error}"
        return False
    st.session_state[_HAS_CHANGED] = True
    return True
