"""Standing queries against a moment, beside the bare product that they can't be faster than: `python -m bench.rules`.

Ten thousand rules for scenes on one core, each with its bar where 1 in 100 moments is above it: about what a rule has
once it knows the highest scores of its week (domain/score_tails.py), when they come in clusters, as they do.
"""

from __future__ import annotations

import json
import statistics
import time

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from bench import rule_pushes
from domain.conditions import SceneText
from domain.events import MomentDescribed, Vector
from domain.moment_reading import ScoreOptions
from domain.ports import Labels
from domain.rule_scores import RuleBank
from domain.rules import Rule

RULES = 10_000
SIZE = 512  # of CLIP ViT-B/32's vectors
COHORT = 149  # queries in search/query_bank.txt
MOMENTS = 300
LEARNT_FROM = 1000
ABOVE_BAR = 0.01  # of the moments

Rows = npt.NDArray[np.float32]


def measure(rules: int = RULES, moments: int = MOMENTS) -> dict[str, float]:
    random = np.random.default_rng(20261125)
    texts, cohort, learnt, rows = (_rows(random, count) for count in (rules, COHORT, LEARNT_FROM, moments))
    asked = [_moment(row, at) for at, row in enumerate(rows)]
    bank = RuleBank(ScoreOptions(cohorts={"scene": cohort}))
    for at, (row, bar) in enumerate(zip(texts, _bars(texts, learnt, cohort), strict=True)):
        rule, leaf = Rule(f"r{at}", f"rule {at}", SceneText(f"scene {at}")), SceneText(f"scene {at}")
        bank.add(rule, {leaf: _vector(row)})
        bank.watch_from(rule.id, "gate", float(bar))
    bare_ms, match_ms, candidates = [], [], []
    with threadpool_limits(1):
        bank.match(asked[0], Labels())  # the first of a source sets its bars
        for row, moment in zip(rows, asked, strict=True):  # in turn, so that neither finds its matrix in the cache
            started = time.perf_counter()
            texts @ row
            between = time.perf_counter()
            found = bank.match(moment, Labels())
            match_ms.append((time.perf_counter() - between) * 1000)
            bare_ms.append((between - started) * 1000)
            candidates.append(len(found))
    past = _rows(random, min(rule_pushes.LEARNT_FROM, 20 * moments))
    pushes = rule_pushes.measure(texts, cohort, past, rows)
    match, bare = statistics.median(match_ms), statistics.median(bare_ms)
    return {
        "match_10k_rules_ms": round(match, 3),
        "match_10k_rules_p95_ms": round(statistics.quantiles(match_ms, n=20)[-1], 3),
        "match_ratio_to_bare": round(match / bare, 3),
        "bare_product_10k_ms": round(bare, 3),
        "candidates_per_moment": round(statistics.mean(candidates), 1),
        **pushes,
    }


def _rows(random: np.random.Generator, count: int) -> Rows:
    rows = random.normal(size=(count, SIZE)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def _bars(texts: Rows, learnt: Rows, cohort: Rows) -> npt.NDArray[np.float64]:
    """Of each rule, the standard score that so many of the moments learnt from are above."""
    generic = learnt @ cohort.T
    standard = (learnt @ texts.T - generic.mean(1, keepdims=True)) / generic.std(1, keepdims=True)
    return np.asarray(np.quantile(standard, 1.0 - ABOVE_BAR, axis=0), np.float64)


def _moment(row: Rows, at: int) -> MomentDescribed:
    return MomentDescribed("gate", "scene", at * 2.0, at * 2.0 + 2.0, "clip", {"image": _vector(row)})


def _vector(row: Rows) -> Vector:
    return tuple(row.tolist())


if __name__ == "__main__":
    print(json.dumps(measure()))
