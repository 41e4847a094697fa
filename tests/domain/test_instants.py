import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.instants import BadInstant, format_instant, parse_instant

NOW_S = 1767225600.0 + 36_000  # ten in the morning


@pytest.mark.parametrize(
    ("text", "ago_s"),
    [("now", 0), ("90s", 90), ("10m", 600), ("2h", 7200), ("3D", 259_200), ("1w", 604_800), ("today", 36_000),
     ("Yesterday", 122_400), ("999999w", NOW_S)],
)  # fmt: skip
def test_how_long_ago(text: str, ago_s: float) -> None:
    assert parse_instant(text, NOW_S) == NOW_S - ago_s


@pytest.mark.parametrize(
    "text",
    [
        "1767225600", "1767225600.0", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00", "2026-01-01",
        "2026-01-01T01:00:00+01:00", "2026-01-01T01:00:00 01:00", "2025-12-31T19:00:00-05:00", " 2026-01-01 00:00:00 ",
    ],
)  # fmt: skip
def test_one_instant_in_many_spellings(text: str) -> None:
    assert parse_instant(text, NOW_S) == 1767225600.0


@pytest.mark.parametrize("text", ["", "last week", "10 m", "nan", "inf", "-1", "1e300", "2026-13-01", "9999999999999"])
def test_what_is_no_instant_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadInstant, match="2026-01-01T00:00:00Z"):
        parse_instant(text, NOW_S)


@given(st.integers(0, 253_402_300_798_999))
def test_what_is_written_is_read_again(milliseconds: int) -> None:
    assert parse_instant(format_instant(milliseconds / 1000), NOW_S) == pytest.approx(milliseconds / 1000, abs=0.0011)
