"""Words that speak of a mood, found in English and nowhere else."""

from __future__ import annotations

import pytest
import vader

from domain.errors import ConfigError
from domain.events import MoodCue
from domain.ports import WordMoods
from encoders import EncoderOptions, load


@pytest.fixture(scope="module")
def moods(options: EncoderOptions) -> WordMoods:
    return load("word_moods", "vader", options)


def valences(moods: WordMoods, text: str) -> dict[str, float]:
    [cues] = moods.read([text], ["en"])
    assert all(cue.kind == "words" and cue.arousal is None and cue.measured is None for cue in cues)
    return {cue.what: round(cue.valence, 2) for cue in cues if cue.valence is not None}


@pytest.mark.parametrize(
    ("text", "positive", "negative"),
    [
        ("We are happy with the budget.", ["happy"], []),
        ("This is a disaster, and I hate it!", [], ["disaster", "hate"]),
        ("The meeting was not good.", [], ["not good"]),
        ("It isn’t very pleasant here", [], ["isn't very pleasant"]),
        ("An extremely bad plan, a lovely team", ["lovely"], ["extremely bad"]),
        ("I am fed up with this", [], ["fed up"]),
        ("Not bad at all", ["Not bad"], []),
        ("That cake is to die for", ["to die for"], []),
        ("there is no hope", [], ["no hope"]),
    ],
)
def test_each_word_with_what_changed_it(text: str, positive: list[str], negative: list[str], moods: WordMoods) -> None:
    found = valences(moods, text)
    assert [what for what, valence in found.items() if valence > 0] == positive
    assert [what for what, valence in found.items() if valence < 0] == negative


def test_a_degree_word_makes_it_stronger(moods: WordMoods) -> None:
    plain, stronger = valences(moods, "a bad plan"), valences(moods, "an extremely bad plan")
    assert -1 < stronger["extremely bad"] < plain["bad"] < 0


def test_the_words_add_up_to_the_library_s_own_score(moods: WordMoods) -> None:
    for text in ("The food was great but the service was terrible", "I love it, I do not hate it, it is fine"):
        total = 4 * sum(cue.valence or 0 for cues in moods.read([text], ["en"]) for cue in cues)
        assert vader.normalize(total) == pytest.approx(vader.polarity_scores(text)["compound"], abs=1e-3)


def test_never_beyond_one(moods: WordMoods) -> None:
    [cues] = moods.read(["We are sad BUT it is INCREDIBLY, ABSOLUTELY, EXTREMELY MAGNIFICENT"], ["en"])
    assert all(-1 <= (cue.valence or 0) <= 1 for cue in cues)


@pytest.mark.parametrize("text", ["", "   ", "...", "The train leaves at noon."])
def test_no_such_word_no_cue(text: str, moods: WordMoods) -> None:
    assert moods.read([text], ["en"]) == [()]


def test_only_english_is_read(moods: WordMoods) -> None:
    texts = ["I love it", "I love it", "Il premier ha dato via libera, no problem", "I love it"]
    first, *others = moods.read(texts, ["en", "en-GB", "it", ""])
    assert first == (MoodCue("words", "love", valence=0.8),)
    assert others == [first, (), ()]


def test_a_language_for_each_text(moods: WordMoods) -> None:
    with pytest.raises(ValueError, match="zip"):
        moods.read(["one", "two"], ["en"])


def test_a_wrong_name_says_what_there_is(options: EncoderOptions) -> None:
    with pytest.raises(ConfigError, match=r"transformers:\.\.\., or vader"):
        load("word_moods", "wader", options)
