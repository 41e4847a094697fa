"""The bank says of every rule what that rule alone would say, whatever came and went beside it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.condition_faults import condition_faults
from domain.condition_scores import CERTAIN
from domain.conditions import (
    AllOf,
    AnyOfThem,
    Condition,
    Graded,
    Meaning,
    MoodIs,
    Not,
    Picture,
    SceneText,
    Speaker,
    Voice,
    While,
    Words,
    graded_leaves,
)
from domain.errors import BadEvent, BadRequest
from domain.events import MODALITIES, Modality, MomentDescribed, Vector
from domain.moment_reading import LabelledMoment, ScoreOptions, Yardstick
from domain.mood import Mood
from domain.ports import Labels
from domain.rule_scores import Candidate, RuleBank
from domain.rules import Rule

OPTIONS = ScoreOptions(
    cohorts={"meaning": np.array([[0.6, 0.8], [0.8, -0.6], [1.0, 0.0]], np.float32)},
    without_cohort=Yardstick(0.1, 0.2),
)
MOODS = {"angry": Mood("angry", -0.6, 0.6, 0.5), "calm": Mood("calm", 0.4, -0.5, 0.5, speaker="ann")}

names = st.sampled_from(["a", "b", "c"])
people = st.sampled_from(["ann", "ben"])
sentences = st.lists(st.sampled_from(["red", "fire", "the", "exit"]), max_size=3).map(" ".join)
angles = st.integers(0, 11)
leaves: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Words, sentences, st.lists(sentences, max_size=1).map(tuple)),
    st.builds(Meaning, names),
    st.builds(SceneText, names),
    st.builds(Picture, names),
    st.builds(Voice, names),
    st.builds(Speaker, st.tuples(people)),
    st.builds(MoodIs, st.tuples(st.sampled_from(["angry", "calm"]))),
    st.just(MoodIs(valence=(0.0, 1.0))),
)  # fmt: skip
conditions: st.SearchStrategy[Condition] = st.recursive(
    leaves,
    lambda parts: st.one_of(
        st.lists(parts, min_size=1, max_size=3).map(lambda found: AllOf(tuple(found))),
        st.lists(parts, min_size=1, max_size=3).map(lambda found: AnyOfThem(tuple(found))),
        st.builds(Not, parts),
        st.builds(While, parts, parts),
    ),
    max_leaves=6,
).filter(lambda condition: not condition_faults(condition))


def unit(angle: int) -> Vector:
    return math.cos(angle * math.pi / 6), math.sin(angle * math.pi / 6)


@st.composite
def labelled(draw: st.DrawFn) -> LabelledMoment:
    modality: Modality = draw(st.sampled_from(MODALITIES))
    kinds = {"scene": ("image",), "speech": ("text", "voice"), "text": ("text",)}[modality]
    start_s = draw(st.integers(0, 20)) * 1.0
    moment = MomentDescribed(
        draw(st.sampled_from(["desk", "gate"])), modality, start_s, start_s + draw(st.integers(0, 8)), "e",
        {kind: unit(draw(angles)) for kind in kinds}, "" if modality == "scene" else draw(sentences),
    )  # fmt: skip
    moods = draw(st.lists(st.sampled_from(sorted(MOODS)), max_size=2))
    return LabelledMoment(
        moment, Labels(tuple(draw(st.lists(people, max_size=2))), tuple(MOODS[name] for name in moods))
    )


rules = st.builds(
    lambda number, condition, sources: Rule(f"r{number}", "a rule", condition, tuple(sources)),
    st.integers(0, 5), conditions, st.lists(st.sampled_from(["desk", "gate"]), max_size=1),
)  # fmt: skip


def vectors_of(rule: Rule, angle: int) -> dict[Graded, Vector]:
    return {leaf: unit(angle + number) for number, leaf in enumerate(graded_leaves(rule.condition))}


def found(bank: RuleBank, moment: LabelledMoment, recent: list[LabelledMoment]) -> list[Candidate]:
    return bank.match(moment.moment, moment.labels, recent)


@settings(max_examples=200)
@given(
    st.lists(st.tuples(rules, angles, st.booleans()), max_size=8),
    st.lists(labelled(), min_size=1, max_size=6),
    st.sampled_from([-math.inf, 0.0, 2.0]),
)
def test_the_bank_finds_what_each_rule_alone_would(
    changes: list[tuple[Rule, int, bool]], moments: list[LabelledMoment], bar: float
) -> None:
    bank, alone = RuleBank(OPTIONS), dict[str, RuleBank]()
    for rule, angle, stays in changes:
        bank.add(rule, vectors_of(rule, angle))
        bank.watch_from(rule.id, "desk", bar)
        alone[rule.id] = RuleBank(OPTIONS)
        alone[rule.id].add(rule, vectors_of(rule, angle))
        found(bank, moments[0], [])
        if not stays:
            bank.remove(rule.id)
            del alone[rule.id]
    for rule_id in alone:
        bank.raise_bar(rule_id, "desk", 3.0)
    for at, moment in enumerate(moments):
        recent = moments[:at]
        each_alone = [each for id in sorted(alone) for each in alone[id].match_only([id], moment, recent)]
        least = bar if moment.moment.source == "desk" else -math.inf
        expected = [each for each in each_alone if each.score >= least]
        assert bank.match(moment.moment, moment.labels, recent, raised=False) == expected
        raised = [each for each in expected if each.score >= 3.0 or moment.moment.source != "desk"]
        assert found(bank, moment, recent) == raised
        if at == len(moments) - 1:
            bank.lower_bars("desk")
            assert found(bank, moment, recent) == expected
            bank.clear_bars()
            assert found(bank, moment, recent) == each_alone


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=40), st.floats(-3, 3))
def test_a_score_at_the_bar_is_found_and_one_below_is_not(scores: list[float], bar: float) -> None:
    bank = RuleBank(ScoreOptions(without_cohort=Yardstick(0.0, 0.3)))
    for number, score in enumerate(scores):
        cosine = score * 0.3
        leaf, vector = SceneText(str(number)), (cosine, math.sqrt(1 - cosine * cosine))
        bank.add(Rule(f"r{number:02}", "a rule", leaf), {leaf: vector})
        bank.watch_from(f"r{number:02}", "desk", round(bar, 4))
    moment = LabelledMoment(MomentDescribed("desk", "scene", 0.0, 1.0, "e", {"image": (1.0, 0.0)}))
    every = bank.match_only([f"r{number:02}" for number in range(len(scores))], moment)
    assert found(bank, moment, []) == [each for each in every if each.score >= round(bar, 4)]


def test_what_holds_to_the_letter_is_above_any_bar() -> None:
    bank = RuleBank()
    bank.add(Rule("r", "a rule", Words("fire")))
    bank.watch_from("r", "desk", 99.0)
    (candidate,) = bank.match(MomentDescribed("desk", "text", 0.0, 0.0, "e", {}, "Fire!"), Labels())
    assert candidate.is_certain and candidate.score == CERTAIN


def test_a_moment_of_another_encoder_is_told_as_that() -> None:
    bank = RuleBank()
    bank.add(Rule("r", "a rule", SceneText("a cup")), {SceneText("a cup"): (0.6, 0.8)})
    moment = MomentDescribed("desk", "scene", 0.0, 1.0, "other", {"image": (1.0,)})
    for ask in (lambda: bank.match(moment, Labels()), lambda: bank.check(moment)):
        with pytest.raises(BadEvent, match=r"another encoder made it \(other\)"):
            ask()


@pytest.mark.parametrize(
    ("condition", "vectors", "why"),
    [
        (SceneText("b"), {}, "the scene 'b' of the rule 'second' has no vector"),
        (SceneText("b"), {SceneText("b"): (0.6, 0.6)}, "is not of unit length"),
        (SceneText("b"), {SceneText("b"): (1.0, 0.0, 0.0)}, "has 3 numbers, others 2: another encoder made it"),
        (Picture(vector=(1.0, 0.0, 0.0)), {}, "has 3 numbers, others 2"),
        (Words(""), {}, "it can never match: no words are given"),
    ],
)
def test_a_rule_that_can_t_be_added_changes_nothing(
    condition: Condition, vectors: dict[Graded, Vector], why: str
) -> None:
    bank = RuleBank()
    first = Rule("r", "first", SceneText("a"))
    bank.add(first, {SceneText("a"): (0.6, 0.8)})
    with pytest.raises(BadRequest, match=why):
        bank.add(Rule("r", "second", condition), vectors)
    assert list(bank.rules()) == [first]


def test_a_part_that_is_only_looked_at_in_the_end_is_of_one_encoder_too() -> None:
    bank, leaf = RuleBank(), Meaning("help")
    bank.add(Rule("r", "a rule", AllOf((Words("fire"), leaf))), {leaf: (0.6, 0.8)})
    moment = MomentDescribed("desk", "speech", 0.0, 1.0, "other", {"text": (1.0,)}, "no such word")
    with pytest.raises(BadEvent, match="another encoder"):
        bank.match(moment, Labels())
    with pytest.raises(BadRequest, match="another encoder"):
        bank.add(Rule("s", "a rule", leaf), {leaf: (1.0,)})


def test_a_cohort_of_another_encoder_is_noticed_when_a_rule_is_added() -> None:
    with pytest.raises(BadRequest, match="has 3 numbers, others 2: another encoder made it"):
        RuleBank(OPTIONS).add(Rule("r", "a rule", Meaning("a")), {Meaning("a"): (1.0, 0.0, 0.0)})


def test_once_all_rules_are_gone_another_encoder_may_come() -> None:
    bank = RuleBank()
    bank.add(Rule("r", "a rule", SceneText("a")), {SceneText("a"): (0.6, 0.8)})
    bank.remove("r")
    bank.remove("r")
    bank.add(Rule("r", "a rule", SceneText("a")), {SceneText("a"): (1.0,)})
    moment = MomentDescribed("desk", "scene", 0.0, 1.0, "e", {"image": (1.0,)})
    assert [each.rule_id for each in bank.match(moment, Labels())] == ["r"]
    assert len(bank) == 1
