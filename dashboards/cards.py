"""Moments as cards in a grid, of which at most one plays."""

from __future__ import annotations

import time
from datetime import tzinfo

import streamlit as st

from dashboards import example_file, likes, markup, playing
from dashboards.answers import Moment
from dashboards.view_models import Card, Clip, cards


def grid(moments: tuple[Moment, ...], zone: tzinfo, api_url: str) -> None:
    columns = st.grid("auto", min_column_width=290)
    for card in cards(moments, zone, time.time(), api_url):
        with columns.cell(), st.container(key=f"card-{card.key}", height="stretch"):
            _show(card)


def _show(card: Card) -> None:
    picture_or_player(card)
    st.html(markup.words(card))
    with st.container(key=f"act-{card.key}", gap="xsmall"):
        play_button(card)
        if card.moment_id:
            _ask_on(card)


def picture_or_player(card: Card) -> None:
    if playing.is_open(card.key) and card.clip is not None:
        _play(card, card.clip)
    else:
        st.html(markup.picture(card))


def play_button(card: Card) -> None:
    if card.clip is None:
        st.html(markup.line("No recording kept"))
    elif playing.is_open(card.key):
        st.button("Close", key=f"close-{card.key}", icon=":material/close:", on_click=playing.close_clip)
    else:
        label, icon = f"Play {card.clock}", ":material/play_arrow:"
        st.button(label, key=f"play-{card.key}", icon=icon, on_click=playing.open_clip, args=(card.key,))


def _ask_on(card: Card) -> None:
    sides: list[tuple[likes.Side, str, str]] = [("like", "More like this", ":material/add:")]
    if likes.chosen()["like"]:
        sides.append(("unlike", "Not like this", ":material/remove:"))
    with st.container(key=f"ask-on-{card.key}", horizontal=True, gap="small"):
        for side, label, icon in sides:
            if st.button(label, key=f"{side}-{card.key}", icon=icon, type="tertiary"):
                example_file.remove()  # the node takes one or the other
                likes.add(side, card.moment_id, f"{card.source} {card.clock}")
                st.rerun()  # the answer is a fragment: the rest of the page must know, too


def _play(card: Card, clip: Clip) -> None:
    # The fragment makes every opening a new element: Streamlit starts the same element by itself only once.
    url = f"{clip.url}#opened={playing.times_opened()}"
    st.video(url, start_time=clip.start_s, autoplay=True, alt=f"{card.source} at {card.clock}")
