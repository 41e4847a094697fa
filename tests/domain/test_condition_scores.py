"""A condition holds as well as the least of what it asks for, and pairs don't hang on who came first."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.condition_scores import CERTAIN, Holding, scorer
from domain.conditions import (
    AllOf,
    AnyOfThem,
    Condition,
    Graded,
    Meaning,
    MoodIs,
    Not,
    OfKind,
    Picture,
    SceneText,
    Speaker,
    Voice,
    While,
    Words,
)
from domain.errors import BadEvent
from domain.events import Modality, MomentDescribed, Vector
from domain.moment_reading import LabelledMoment, Reading, ScoreOptions, Yardstick
from domain.mood import Mood
from domain.ports import Labels

LIKELY = 3.7
OPTIONS = ScoreOptions(without_cohort=Yardstick(0.0, 0.1))  # a cosine of 0.5 is a standard score of 5
EAST, NORTH = (1.0, 0.0), (0.0, 1.0)
VECTORS: dict[Graded, Vector] = {
    Meaning("east"): EAST,
    Meaning("north"): NORTH,
    SceneText("east"): EAST,
    Picture("north"): NORTH,
}
ANGRY, CALM = Mood("angry", -0.6, 0.6, 0.5, speaker="ben"), Mood("calm", 0.4, -0.5, 0.5, speaker="ann")


def at(cosine: float) -> tuple[float, float]:
    return cosine, math.sqrt(1 - cosine * cosine)


def moment(
    modality: Modality = "speech", vector: tuple[float, ...] = EAST, text: str = "", start_s: float = 0.0
) -> MomentDescribed:
    name = "image" if modality == "scene" else "text"
    return MomentDescribed("desk", modality, start_s, start_s + 4.0, "e", {name: vector}, text)


def held(
    condition: Condition, one: MomentDescribed, *near: MomentDescribed, labels: Labels | None = None
) -> Holding | None:
    readings = [Reading(LabelledMoment(each, labels or Labels()), OPTIONS) for each in (one, *near)]
    return scorer(condition, VECTORS, LIKELY)(readings[0], readings[1:])


def score(
    condition: Condition, one: MomentDescribed, *near: MomentDescribed, labels: Labels | None = None
) -> float | None:
    holding = held(condition, one, *near, labels=labels)
    return None if holding is None else holding.score


@given(st.floats(0, 1))
def test_all_is_the_least_and_any_the_most(cosine: float) -> None:
    one = moment(vector=at(cosine))
    east, north = score(Meaning("east"), one), score(Meaning("north"), one)
    assert east is not None and north is not None
    assert score(AllOf((Meaning("east"), Meaning("north"))), one) == min(east, north)
    assert score(AnyOfThem((Meaning("east"), Meaning("north"))), one) == max(east, north)


def test_a_likeness_is_measured_in_deviations_of_what_has_nothing_to_do_with_it() -> None:
    cohort = np.array([at(0.1), at(0.3), at(0.1), at(0.3)], np.float32)
    reading = Reading(LabelledMoment(moment()), ScoreOptions(cohorts={"meaning": cohort}))
    assert reading.standard("meaning", np.array(at(0.9))) == pytest.approx((0.9 - 0.2) / 0.1, abs=1e-3)


def test_a_moment_that_is_equally_far_from_all_has_no_huge_score() -> None:
    cohort = np.array([at(0.2)] * 5, np.float32)
    reading = Reading(LabelledMoment(moment()), ScoreOptions(cohorts={"meaning": cohort}))
    standard = reading.standard("meaning", np.array(at(0.3)))
    assert standard is not None and standard < 6


def test_what_has_no_such_vector_holds_nothing_graded() -> None:
    assert score(SceneText("east"), moment("speech")) is None
    assert score(Meaning("east"), replace(moment(), vectors={})) is None
    assert score(Words("east"), moment(text="east")) == CERTAIN


@pytest.mark.parametrize(("cosine", "expected"), [(0.36, CERTAIN), (0.38, None)])
def test_what_is_excluded_is_there_when_it_more_likely_is_than_not(cosine: float, expected: float | None) -> None:
    one = moment(vector=at(cosine), text="fire")
    assert score(AllOf((Words("fire"), Not(Meaning("east")))), one) == expected


def test_words_are_found_in_any_order_and_phrases_only_as_they_are() -> None:
    one = moment(text="The EXIT is on fire")
    assert score(Words("fire exit"), one) == CERTAIN
    assert score(Words("", ("fire exit",)), one) is None
    assert score(Words("fire", ("exit is",)), one) == CERTAIN
    assert score(Words("fire door"), one) is None


def test_a_kind_narrows_and_is_no_reason() -> None:
    one = moment("text", text="fire")
    assert held(AllOf((Words("fire"), OfKind(("text", "scene")))), one) == held(Words("fire"), one)
    assert score(AllOf((Words("fire"), OfKind(("speech",)))), one) is None


def test_who_is_heard_and_in_what_mood() -> None:
    scene, labels = moment("scene"), Labels(("ben", "ann"), (ANGRY, CALM))
    assert score(Speaker(("ann", "eve")), scene, labels=labels) == CERTAIN
    assert score(Speaker(("eve",)), scene, labels=labels) is None
    assert score(MoodIs(("angry",)), scene, labels=labels) == CERTAIN
    assert score(MoodIs(("angry",), speakers=("ann",)), scene, labels=labels) is None
    assert score(MoodIs(valence=(-1.0, -0.5), speakers=("ben",)), scene, labels=labels) == CERTAIN
    assert score(MoodIs(arousal=(0.7, 1.0)), scene, labels=labels) is None


def test_a_mood_that_is_unknown_lies_nowhere_and_is_only_found_by_name() -> None:
    labels = Labels((), (Mood("unknown", 0.0, 0.0, 0.0),))
    assert score(MoodIs(valence=(-0.1, 0.1)), moment(), labels=labels) is None
    assert score(MoodIs(("unknown",)), moment(), labels=labels) == CERTAIN


def test_at_the_same_time_whichever_came_first() -> None:
    seen, spoken = moment("scene"), moment("speech", text="stop", start_s=3.0)
    rule = While(SceneText("east"), Words("stop"))
    first, second = held(rule, seen, spoken), held(rule, spoken, seen)
    assert first is not None and first == second
    assert first.score == 10.0
    assert [witness.kind for witness in first.witnesses] == ["scene", "words"]


def test_not_at_the_same_time_or_not_in_the_same_place() -> None:
    rule = While(SceneText("east"), Words("stop"))
    later = moment("speech", text="stop", start_s=4.0)  # it begins as the other ends
    elsewhere = replace(moment("speech", text="stop"), source="gate")
    assert score(rule, moment("scene"), later, elsewhere) is None


def test_both_may_hold_in_one_moment() -> None:
    rule = While(SceneText("east"), Speaker(("ann",)))
    assert score(rule, moment("scene"), labels=Labels(("ann",))) == 10.0


def test_the_order_of_what_is_near_is_nothing() -> None:
    near = [moment("speech", text="stop", start_s=start_s) for start_s in (1.0, 2.0, 3.0)]
    rule = While(SceneText("east"), Words("stop"))
    assert held(rule, moment("scene"), *near) == held(rule, moment("scene"), *reversed(near))


def test_the_vector_of_another_encoder_is_told_as_that() -> None:
    with pytest.raises(BadEvent, match="of 3 numbers and what it is compared with has 2: another encoder made it"):
        score(Meaning("east"), moment(vector=(1.0, 0.0, 0.0)))


def test_a_graded_part_without_a_vector_is_noticed() -> None:
    with pytest.raises(KeyError):
        scorer(Voice("ann"), VECTORS, LIKELY)


def test_examples_are_measured_by_what_is_known_of_their_encoder() -> None:
    options = ScoreOptions(measured={"picture": Yardstick(0.5, 0.1)}, without_cohort=Yardstick(0.0, 0.1))
    reading = Reading(LabelledMoment(moment("scene", at(0.8))), options)
    assert reading.standard("picture", np.asarray(EAST)) == pytest.approx(3.0)
    assert reading.standard("scene", np.asarray(EAST)) == pytest.approx(8.0)
