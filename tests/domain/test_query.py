from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.query import MOST_ALTERNATIVES, MOST_CLAUSES, Clause, Filters, Query, QueryMistake, Wording, parse_query
from domain.words_in_common import content_words, words_of

NOW_S = 1_800_000_000.0


def clause(text: str) -> Clause:
    [only] = parse_query(text, NOW_S).clauses
    return only


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("red car", Clause("red car")),
        ("  red   car ", Clause("red car")),
        ('"climate change" report', Clause("climate change report", ("climate change",))),
        ("“climate change”", Clause("climate change", ("climate change",))),
        ('"to be or not to be"', Clause("to be or not to be", ("to be or not to be",))),
        ("street -cars", Clause("street", (), ("cars",))),
        ('street -"red cars" -buses', Clause("street", (), ("red cars", "buses"), ("red cars",))),
        ("a street without red cars", Clause("a street", (), ("red cars",))),
        ("street Without cars without dogs", Clause("street", (), ("cars", "dogs"))),
        ("street without cars source:gate", Clause("street", (), ("cars",), (), Filters(("gate",)))),
        ('"a day without rain"', Clause("a day without rain", ("a day without rain",))),
        ("well-known face", Clause("well-known face")),
        ("temperature - 5", Clause("temperature - 5")),
        ("note: hello", Clause("note: hello")),
        ("at 12:30 today", Clause("at 12:30 today")),
        ("http://example.org/page", Clause("http://example.org/page")),
        ('said:"hello there"', Clause("said: hello there", ("hello there",))),
        ("speaker:Ana", Clause(where=Filters(speakers=("Ana",)))),
        ('budget speaker:"Ana Kovac" -speaker:Bob', Clause(
            "budget", where=Filters(speakers=("Ana Kovac",)), where_not=Filters(speakers=("Bob",)))),
        ("a KIND:Scene kind:speech cat", Clause("a cat", where=Filters(kinds=("scene", "speech")))),
        ("mood:Angry lang:EN language:de x", Clause("x", where=Filters(moods=("angry",), languages=("en", "de")))),
        ("rain since:2h until:10m", Clause("rain", since_s=NOW_S - 7200, until_s=NOW_S - 600)),
        ("rain since:2027-01-01", Clause("rain", since_s=1_798_761_600.0)),
        ("science:fiction resource:x", Clause("science:fiction resource:x")),
        ("moody:blues slang:rude", Clause("moody:blues slang:rude")),
        ("source:a -cars", Clause("", (), ("cars",), (), Filters(("a",)))),
        ("fire OR smoke source:hall", Clause("fire", where=Filters(("hall",)), alternatives=(Wording("smoke"),))),
        ("a red car OR a blue bus -taxi OR tram", Clause(
            "a red car", (), ("taxi",), alternatives=(Wording("a blue bus"), Wording("tram")))),
        ('fire OR "smoke alarm" kind:text in the hall', Clause("fire", where=Filters(kinds=("text",)), alternatives=(
            Wording("smoke alarm in the hall", ("smoke alarm",)),))),
        ("fire OR fire", Clause("fire")),
        ("fire or smoke", Clause("fire or smoke")),
        ('"OR" note', Clause("OR note", ("OR",))),
        ("fire without smoke source:a OR flood", Clause(
            "fire", (), ("smoke",), (), Filters(("a",)), alternatives=(Wording("flood"),))),
    ],
)  # fmt: skip
def test_what_is_meant(text: str, expected: Clause) -> None:
    assert clause(text) == expected


def test_while_joins_what_is_true_at_the_same_time() -> None:
    query = parse_query('kind:scene a microphone while speaker:Ana budget WHILE "yes"', NOW_S)
    assert query == Query(
        (
            Clause("a microphone", where=Filters(kinds=("scene",))),
            Clause("budget", where=Filters(speakers=("Ana",))),
            Clause("yes", ("yes",)),
        )
    )


def test_each_side_of_a_while_has_its_alternatives() -> None:
    query = parse_query("kind:scene cup OR glass while speaker:Ana tea OR coffee", NOW_S)
    assert query == Query(
        (
            Clause("cup", where=Filters(kinds=("scene",)), alternatives=(Wording("glass"),)),
            Clause("tea", where=Filters(speakers=("Ana",)), alternatives=(Wording("coffee"),)),
        )
    )
    assert query.clauses[0].wordings == (Wording("cup"), Wording("glass"))


def test_while_in_quotation_marks_is_a_word() -> None:
    assert clause('"for a while"') == Clause("for a while", ("for a while",))


@pytest.mark.parametrize(
    ("text", "says", "at"),
    [
        ("", "the query is empty", ""),
        ("   ", "the query is empty", "   "),
        ("!?", "the query is empty", "!?"),
        ("-cars", "say what to look for too", "-cars"),
        ("the of", "quotation marks", "the of"),
        ('a "red car', "never closed", '"red car'),
        ("street without", "without what", "without"),
        ("street without source:a", "without what", "without"),
        ("while", "one of them is missing", None),
        ("desk while", "one of them is missing", "while"),
        ("while desk", "one of them is missing", None),
        ("cat source: gate", "right after the colon", "source:"),
        ('cat source:""', "followed by nothing", 'source:""'),
        ("cat speeker:Ana", "did you mean speaker:", "speeker"),
        ("cat mood:furious", "there are calm, happy", "mood:furious"),
        ("cat kind:film", "there are scene, speech, text", "kind:film"),
        ("cat since:later", "is not a time", "since:later"),
        ("cat -since:2h", "write until:", "-since:2h"),
        ("cat since:1h since:2h", "said twice", "since:2h"),
        ("cat since:1h until:2h", "is after until", "until:2h"),
        (" while ".join(["cat"] * (MOST_CLAUSES + 1)), "are the most", None),
        ("cat" + " -dog" * 11, "more than 10 things", None),
        ("fire OR", "one of them is missing", "OR"),
        ("OR fire", "one of them is missing", "OR"),
        ("fire OR OR smoke", "one of them is missing", None),
        ("fire OR while smoke", "one of them is missing", "OR"),
        ("fire OR ! source:hall", "one of them is missing", "OR"),
        ("source:hall OR source:gate", "either value will do", "OR"),
        ("-cars OR -buses", "one of them is missing", "OR"),
        ("street -cars OR -buses", "one of them is missing", "OR"),
        ("street without cars OR buses", "write it again", "OR"),
        ("fire OR the", "quotation marks", " the"),
        ("the OR fire", "quotation marks", "the "),
        (" OR ".join(f"cat{n}" for n in range(MOST_ALTERNATIVES + 1)), "alternatives are the most", None),
        ("cat sources:a", "did you mean source:", "sources"),
        ("cat soruce:a", "did you mean source:", "soruce"),
        ("cat" * 700, "2100 characters", None),
        ("cat " + "source:a " * 51, "more than 50 filters", None),
    ],
)
def test_a_mistake_is_pointed_at(text: str, says: str, at: str | None) -> None:
    with pytest.raises(QueryMistake, match=says) as caught:
        parse_query(text, NOW_S)
    if at is not None:
        assert text[caught.value.start : caught.value.end] == at


PIECES = [
    "-",
    '"',
    "while",
    "without",
    "OR",
    " OR ",
    "source:",
    "x",
    " ",
    "since:",
    "1h",
    "kind:",
    "scene",
    "“",
    ":",
    "the",
]


@given(st.text(max_size=200) | st.lists(st.sampled_from(PIECES)).map("".join))
def test_any_text_is_read_or_its_mistake_pointed_at(text: str) -> None:
    try:
        query = parse_query(text, NOW_S)
    except QueryMistake as mistake:
        assert 0 <= mistake.start <= mistake.end <= len(text)
        assert str(mistake)
    else:
        for each in query.clauses:
            assert each.text or each != Clause()
            assert 1 <= len(each.wordings) <= MOST_ALTERNATIVES
            for wording in each.wordings:
                assert set(words_of(wording.text)) <= set(words_of(text))
                assert words_of(wording.text) or len(each.wordings) == 1
            assert all(words_of(excluded) for excluded in each.excluded)


WORDS = st.lists(
    st.text("abcdefghij", min_size=1, max_size=8).filter(lambda word: bool(content_words(word))), min_size=1, max_size=6
)


@given(WORDS, WORDS, WORDS, st.permutations([0, 1, 2, 3]))
def test_the_order_of_filters_phrases_and_exclusions_does_not_count(
    words: list[str], phrase: list[str], excluded: list[str], order: list[int]
) -> None:
    parts = [" ".join(words), f'"{" ".join(phrase)}"', f'-"{" ".join(excluded)}"', "source:gate"]
    found = clause(" ".join(parts[i] for i in order))
    assert found.phrases == (" ".join(phrase),)
    assert found.excluded == (" ".join(excluded),)
    assert found.where == Filters(("gate",))
    assert sorted(found.text.split()) == sorted(words + phrase)


@given(st.lists(WORDS, min_size=2, max_size=MOST_ALTERNATIVES, unique_by=tuple), st.data())
def test_filters_and_exclusions_hold_for_every_alternative_wherever_they_stand(
    ways: list[list[str]], data: st.DataObject
) -> None:
    at = [data.draw(st.integers(0, len(ways) - 1)) for _ in range(2)]
    sides = [
        " ".join([*words, *(["source:gate"] if at[0] == n else []), *(['-"xyz"'] if at[1] == n else [])])
        for n, words in enumerate(ways)
    ]
    found = clause(" OR ".join(sides))
    assert [wording.text.split() for wording in found.wordings] == ways
    assert (found.where, found.excluded) == (Filters(("gate",)), ("xyz",))


@given(WORDS)
def test_plain_words_stay_as_they_are(words: list[str]) -> None:
    assert clause(" ".join(words)) == Clause(" ".join(words))
