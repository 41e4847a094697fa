"""However a log is cut into stretches, and whenever time is over: what is read is its latest part, without a gap."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from domain.conditions import Words
from domain.events import CoverageAdvanced, MomentDescribed, MomentWithdrawn
from domain.moments import moment_id
from domain.ports import MomentFact
from domain.rules import Rule
from search.replay_reading import KeptMoment, read_back
from tests.search.logged_moments import LoggedMoments

DRILL = Rule("r1", "Drill", Words("drill"))
SAID = MomentDescribed("gate", "speech", 0.0, 1.0, "e", {"text": (1.0,)}, "drill")
COVERED = CoverageAdvanced("gate", "speech", 0.0, 1.0, 1.0)
PARTITIONS = 3

Written = tuple[int, float, MomentFact | None]


@st.composite
def records(draw: st.DrawFn) -> list[Written]:
    """Clocks of publishers may be put back; the moments are few, so that some come again."""
    found: list[Written] = []
    for number in range(draw(st.integers(0, 40))):
        start_s = float(draw(st.integers(0, 6)))
        said = replace(SAID, start_s=start_s, end_s=start_s + 1.0, text=f"drill {number}")
        fact = draw(
            st.sampled_from(
                [said, said, replace(said, is_final=False), MomentWithdrawn("gate", "speech", start_s, "e"),
                 replace(COVERED, until_s=float(number)), replace(said, modality="scene"), None]
            )
        )  # fmt: skip
        found.append((draw(st.integers(0, PARTITIONS - 1)), float(draw(st.integers(0, 30))), fact))
    return found


def expected(written: Sequence[Written], since_s: float) -> tuple[list[str | float], int]:
    """Texts and times of what stands of all that was written from then on, and how many records are damaged."""
    final = [each for each in written if not isinstance(each[2], MomentDescribed) or each[2].is_final]
    parts = [[each for each in final if each[0] == number] for number in range(PARTITIONS)]
    placed = [
        (at_s, number, offset, fact)
        for number, part in enumerate(parts)
        for offset, (at_s, (_, _, fact)) in enumerate(
            zip(accumulate((each[1] for each in part), max), part, strict=True)
        )
        if at_s >= since_s
    ]
    stands: dict[object, str | float] = {}
    for at, (_, _, _, fact) in enumerate(sorted(placed, key=lambda each: each[:3])):
        match fact:
            case MomentDescribed(modality="speech", is_final=True):
                stands[fact.start_s] = fact.text
            case MomentWithdrawn():
                stands.pop(fact.start_s, None)
            case CoverageAdvanced():
                stands[at, "covered"] = fact.until_s
            case MomentDescribed(is_final=True):
                stands[at, "seen"] = fact.start_s
    return list(stands.values()), sum(fact is None for _, _, _, fact in placed)


def logged(written: Sequence[Written], stretch: int) -> LoggedMoments:
    log = LoggedMoments(PARTITIONS, stretch)
    for partition, written_s, fact in written:
        log.write(fact, partition=partition, written_s=written_s)
    return log


def read(log: LoggedMoments, most: int) -> tuple[tuple[list[str | float], int], bool]:
    reading = read_back(log, DRILL, lambda _: None, most, 1.0)
    found: list[str | float] = []
    for each in reading.facts:
        if isinstance(each, KeptMoment):
            found.append(each.bare.text if each.is_watched else each.bare.start_s)
        else:
            found.append(each.until_s)
    return (found, len(reading.left_out)), reading.is_out_of_time


@given(records(), st.integers(1, 12))
def test_the_whole_log_is_read_however_it_is_cut(written: list[Written], stretch: int) -> None:
    assert read(logged(written, stretch), 10_000) == (expected(written, -math.inf), False)


@given(records(), st.integers(1, 12), st.integers(PARTITIONS, 12), st.integers(1, 30))
def test_cut_short_it_is_the_latest_part_without_a_gap(
    written: list[Written], stretch: int, patience: int, most: int
) -> None:
    steady = [(partition, float(at), fact) for at, (partition, _, fact) in enumerate(written)]
    log = logged(steady, stretch)
    log.patience = patience
    found, is_out_of_time = read(log, most)
    possible = [expected(steady, since_s) for since_s in (-math.inf, *map(float, range(len(steady) + 1)))]
    assert found in possible
    finals = sum(isinstance(fact, MomentDescribed) and fact.is_final for _, _, fact in steady)
    if not is_out_of_time and finals < most:
        assert found == possible[0]


def test_what_a_later_description_of_its_time_did_not_make_is_none() -> None:
    """An utterance that was split, and the same sound published again."""

    def said(start_s: float, end_s: float) -> MomentDescribed:
        return replace(SAID, start_s=start_s, end_s=end_s, text=f"drill {start_s:.0f} {end_s:.0f}")

    def covered(start_s: float, until_s: float, *moments: MomentDescribed) -> CoverageAdvanced:
        return replace(COVERED, start_s=start_s, until_s=until_s, moments=tuple(map(moment_id, moments)))

    first, second, later, whole = said(1.0, 3.0), said(3.0, 6.0), said(8.0, 9.0), said(1.0, 6.0)
    split: list[MomentFact] = [
        first,
        covered(0.0, 3.0, first),
        second,
        covered(3.0, 6.5, second),
        later,
        covered(6.5, 10.0, later),
    ]
    again: list[MomentFact] = [whole, covered(0.0, 6.5, whole)]
    assert texts(split) == ["drill 1 3", "drill 3 6", "drill 8 9"]
    assert texts([*split, *again]) == ["drill 1 6", "drill 8 9"]
    assert texts([*split, *again, *split]) == ["drill 1 3", "drill 3 6", "drill 8 9"]
    refused = replace(whole, encoder="another")
    assert texts([*split, covered(0.0, 10.0, refused)]) == ["drill 1 3", "drill 3 6", "drill 8 9"]


def texts(facts: Sequence[MomentFact]) -> list[str]:
    reading = read_back(logged([(0, 1.0, fact) for fact in facts], 5), DRILL, lambda _: None, 100, 1.0)
    return [each.bare.text for each in reading.facts if isinstance(each, KeptMoment)]
