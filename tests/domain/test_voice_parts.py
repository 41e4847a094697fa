"""An utterance of several voices loses no word and doubles none."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from domain.events import Word
from domain.voice_parts import voice_parts


def words_of(text: str, length_s: float = 0.5) -> list[Word]:
    return [Word(word, i * length_s, (i + 1) * length_s) for i, word in enumerate(text.split())]


def test_one_voice_is_the_utterance_as_it_is() -> None:
    text = "Who  goes there?"
    (part,) = voice_parts(text, words_of(text), 2.0, [])
    assert (part.start_s, part.end_s, part.text) == (0.0, 2.0, text)
    assert part.words == tuple(words_of(text))


def test_two_voices_are_parted_between_words_and_meet() -> None:
    text = "Are you coming? No, I am not."
    first, second = voice_parts(text, words_of(text), 4.0, [1.55])
    assert (first.text, second.text) == ("Are you coming?", "No, I am not.")
    assert (first.start_s, first.end_s, second.start_s, second.end_s) == (0.0, 1.5, 1.5, 4.0)


def test_a_language_without_spaces_keeps_none() -> None:
    words = [Word("你好", 0.0, 1.0), Word("吗", 1.0, 2.0), Word("我很", 2.0, 3.0), Word("好", 3.0, 4.0)]
    assert [part.text for part in voice_parts("你好吗？我很好", words, 4.0, [2.0])] == ["你好吗？", "我很好"]


def test_words_that_are_not_in_the_text_are_joined() -> None:
    parts = voice_parts("something else", words_of("one two three four"), 2.0, [1.0])
    assert [part.text for part in parts] == ["one two", "three four"]


said = st.lists(st.tuples(st.sampled_from(["no", "yes", "well,", "Ana"]), st.floats(0, 1), st.floats(0, 1)), min_size=1)


@given(said, st.lists(st.floats(0, 30), max_size=4).map(sorted), st.floats(0, 0.5))
def test_every_word_is_in_one_part_and_the_parts_cover_the_utterance(
    pieces: list[tuple[str, float, float]], changes_s: list[float], rest_s: float
) -> None:
    """Word times rise, may coincide, and may reach the utterance's end: whisper's do."""
    at_s, words = 0.0, list[Word]()
    for text, pause_s, length_s in pieces:
        words.append(Word(text, at_s + pause_s, at_s + pause_s + length_s))
        at_s = words[-1].end_s
    text = " ".join(word.text for word in words)
    duration_s = at_s + rest_s
    parts = voice_parts(text, words, duration_s, changes_s)
    assert [word for part in parts for word in part.words] == words
    assert " ".join(part.text for part in parts) == text
    assert (parts[0].start_s, parts[-1].end_s) == (0.0, duration_s)
    for before, after in pairwise(parts):
        assert before.end_s == after.start_s
        assert round(before.start_s * 1000) < round(after.start_s * 1000)
    assert len(parts) == 1 or round(parts[-1].start_s * 1000) < round(duration_s * 1000)
