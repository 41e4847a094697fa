"""Moods, languages and speakers in plain words."""

from __future__ import annotations

import math

from dashboards.answers import Mood, Share, Speaker
from dashboards.voices import Cue, MoodLine, how_much, language_name, mood_lines


def test_of_moods_alike_the_surest_is_shown_with_what_speaks_for_it() -> None:
    cue = Share(kind="voice", what="slow speech", share=0.5)
    moods = [
        Mood(label="calm", confidence=0.3), Mood(label="unknown", confidence=0.0),
        Mood(label="calm", confidence=0.404, evidence=(cue,)), Mood(label="happy", confidence=0.9),
    ]  # fmt: skip
    assert mood_lines(moods) == (
        MoodLine("happy, 90 % sure", ()),
        MoodLine("calm, 40 % sure", (Cue("voice: slow speech", 50),)),
    )


def test_what_is_not_known_is_not_called_neutral() -> None:
    assert mood_lines([Mood(label="unknown", confidence=0.0)]) == (MoodLine("mood unknown", ()),)
    assert mood_lines([]) == ()


def test_a_confidence_that_is_no_number_is_none() -> None:
    assert mood_lines([Mood(label="sad", confidence=math.nan)]) == (MoodLine("sad, 0 % sure", ()),)


def test_a_language_nobody_named_keeps_its_code() -> None:
    assert (language_name("fr"), language_name("xx")) == ("French", "xx")


def test_how_much_was_heard() -> None:
    assert how_much(Speaker(id="a", label="a", utterances=1, spoken_s=0.5)) == "1 utterance"
    told = how_much(Speaker(id="a", label="a", utterances=1200, spoken_s=90.0, is_enrolled=True))
    assert told == "1,200 utterances, 1:30 min, enrolled"
