"""Rules measured on a data set: the streams that are made of it, what is held against them, and the command."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import encoders
from domain.errors import ConfigError
from domain.events import MomentDescribed, Vector
from domain.moment_reading import ScoreOptions, Yardstick
from domain.topology import Topology
from encoders.catalogue import PACKAGED
from nowseen.retrieval.dataset import Item, Media, Query, RetrievalDataset
from nowseen.retrieval.models import RetrievalModels, load_models
from nowseen.retrieval.raw_thresholds import best_threshold, told_in_folds
from nowseen.retrieval.rule_command import RULES_JSON
from nowseen.retrieval.rule_evaluation import RuleEvaluationOptions, evaluate_rules
from nowseen.retrieval.rule_judging import RAW, RAW_AT_BEST, Told, judged
from nowseen.retrieval.rule_report import rules_text
from nowseen.retrieval.rule_trial import rule_for, told_of
from nowseen.samples import PHOTOGRAPHS, fetch_samples
from nowseen.settings import load_settings
from tests.nowseen.retrieval.test_command import run

BASELINE = RULES_JSON.validate_json((Path(__file__).parent / "rules_baseline.json").read_text(encoding="utf-8"))
TEXTS = (
    "no ferries in the storm", "lunch is at noon", "the lift is broken", "please hold the line", "we won the match",
)  # fmt: skip
MANY = RuleEvaluationOptions(folds=5, budgets_per_day=(24.0, 6.0))


def seen(*vectors: Vector) -> Mapping[str, list[MomentDescribed]]:
    return {
        f"item-{at}": [MomentDescribed("any", "scene", 7.0, 8.0, "e", {"image": each})]
        for at, each in enumerate(vectors)
    }


PAIRS = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=20)


def f1(scores: list[float], relevant: list[bool], threshold: float) -> float:
    told = [score >= threshold for score in scores]
    return 2 * sum(a and b for a, b in zip(told, relevant, strict=True)) / max(1, sum(told) + sum(relevant))


@given(PAIRS)
def test_no_threshold_is_better_than_the_best(pairs: list[tuple[int, bool]]) -> None:
    scores, relevant = [float(score) for score, _ in pairs], [right for _, right in pairs]
    best = best_threshold(np.asarray([scores]), np.asarray([relevant]))

    if any(relevant):
        assert f1(scores, relevant, best) == max(f1(scores, relevant, each) for each in scores)
    else:
        assert best == float("inf")


@given(PAIRS)
def test_an_item_has_no_say_in_its_own_threshold(pairs: list[tuple[int, bool]]) -> None:
    scores = np.asarray([[float(score) for score, _ in pairs]])
    relevant, folds = np.asarray([[right for _, right in pairs]]), np.arange(len(pairs)) % 3
    other = np.where(folds == 0, ~relevant, relevant)

    own = folds == 0
    assert (told_in_folds(scores, relevant, folds)[:, own] == told_in_folds(scores, other, folds)[:, own]).all()


def test_a_rule_tells_of_what_is_more_like_it_than_all_it_has_learnt_from() -> None:
    scores = ScoreOptions(without_cohort=Yardstick(0.0, 0.1))
    rule = rule_for("rule", "a horse", "scene", (1.0, 0.0), 12.0)
    usual, like, unlike = (0.5, 0.75**0.5), (0.8, 0.6), (0.3, 0.91**0.5)
    coming = {**seen(like, unlike), "usual": seen(usual)["item-0"]}

    assert told_of([rule], scores, seen(*[usual] * 9, unlike), coming) == {("rule", "item-0")}
    assert told_of([rule], scores, seen(*[like] * 10), coming) == set()


def test_figures_are_summed_over_all_rules() -> None:
    yes, no = True, False
    relevant = np.asarray([[yes, no, no, no], [no, yes, yes, no]])
    nothing = np.zeros_like(relevant)
    some = np.asarray([[yes, yes, no, no], [no, no, yes, yes]])
    found = judged("scene", [Told("scene", relevant, {"rules": some, RAW: nothing})], MANY.bootstrap)
    ours = found.tellings["rules"]

    assert (found.rules, found.items, found.wanted, ours.alarms, ours.right) == (2, 4, 3, 4, 2)
    assert ours.precision.mean == 0.5 and ours.recall.mean == pytest.approx(2 / 3)
    assert ours.alarms_per_day == pytest.approx(4 / (2 * 4 / 24))  # two rules, four items of an hour
    assert ours.false_per_day == ours.alarms_per_day / 2
    assert found.tellings[RAW].alarms == found.tellings[RAW].precision.mean == 0
    assert found.gains["rules"].precision.mean == 0.5


@pytest.fixture(scope="module")
def dataset() -> RetrievalDataset:
    samples = fetch_samples(load_settings().cache, [PHOTOGRAPHS])
    assert samples.missing == ()
    return RetrievalDataset(
        "photographs and texts",
        (
            *(Item(path.stem, "scene", Media(path)) for path in samples.files.values()),
            *(Item(text, "speech", text=text) for text in TEXTS),
        ),
        (
            Query("drink", "text", {"coffee": 1.0}, "a cup of coffee"),
            Query("pet", "text", {"chelsea": 1.0}, "a cat"),
            Query("boats", "text", {"no ferries in the storm": 1.0}, "boat trips are called off"),
        ),
    )  # fmt: skip


@pytest.fixture(scope="module")
def models(topology: Topology) -> RetrievalModels:
    options = encoders.EncoderOptions(Path("unused"), device="cpu", allow_download=False)
    return load_models(topology, PACKAGED, options, hearing=False)


def test_real_pictures_and_texts_are_told_of(dataset: RetrievalDataset, models: RetrievalModels) -> None:
    found = evaluate_rules(dataset, models, encoders.voice_activity, options=MANY)

    assert [(each.kind, each.rules, each.items, each.wanted) for each in found.kinds] == [
        ("scene", 2, 5, 2), ("speech", 1, 5, 1), ("all", 3, 10, 3),
    ]  # fmt: skip
    assert found.rules_recall == 1.0
    assert found.rules_precision >= 0.75
    assert found.kinds[-1].tellings[RAW_AT_BEST].recall.mean > 0
    assert "scene and speech: 3 rules, 10 items, 3 to be told" in rules_text(found)


def test_what_can_t_be_dealt_or_asked_is_told(dataset: RetrievalDataset, models: RetrievalModels) -> None:
    with pytest.raises(ConfigError, match="5 items of the kind scene can't be dealt into 10 folds"):
        evaluate_rules(dataset, models, encoders.voice_activity)
    pictures = [item for item in dataset.items if item.kind == "scene"]
    like = Query("like", "picture", {"chelsea": 1.0}, media=pictures[0].media)
    with pytest.raises(ConfigError, match="nothing to watch for"):
        evaluate_rules(RetrievalDataset("p", tuple(pictures), (like,)), models, encoders.voice_activity)


def test_the_command_prints_text_and_json(describe: Callable[[Any], Path], picture: Callable[[str], Path]) -> None:
    names = ["n" * number for number in range(1, 11)]
    for name in names:
        picture(f"{name}.png")
    folder = str(
        describe(
            {
                "name": "ten",
                "items": [{"id": name, "kind": "scene", "file": f"{name}.png"} for name in names],
                "queries": [{"id": "q", "text": "noise", "relevant": names[:2]}],
            }
        )
    )

    assert "scene: 1 rules, 10 items, 2 to be told, 0.4 days" in run("rules", folder)
    found = json.loads(run("rules", folder, "--json"))
    assert {"rules_precision", "rules_recall", "raw_precision", "raw_recall"} <= found.keys()
    assert rules_text(RULES_JSON.validate_python(found)).startswith("ten (")


def test_the_documents_show_what_was_measured() -> None:
    document = (Path(__file__).parents[3] / "docs" / "evaluation.md").read_text(encoding="utf-8")
    assert f"```\n{rules_text(BASELINE)}\n```" in document
