"""All that one moment costs with ten thousand rules: what is learnt from it and told of it, too.

Once as it is when rules have watched for a day and a half and each minute brings two moments, and once as bad as it
gets: none has watched for anything yet, and the first moment of five minutes teaches every one of them. Processor time:
whatever else the machine does is left out.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from domain.bin_sets import BIN_S
from domain.conditions import Condition, SceneText, While, Words
from domain.events import MomentDescribed, Vector
from domain.moment_reading import LabelledMoment, ScoreOptions
from domain.rule_watch import RuleWatch, WatchOptions
from domain.rules import Rule

Rows = npt.NDArray[np.float32]

START_S = 1_790_000_000.0 // BIN_S * BIN_S
APART_S = 30.0
LEARNT_FROM = 4000
_WINDOW = 500
_RULES_AT_ONCE = 200


def measure(texts: Rows, cohort: Rows, learnt: Rows, rows: Rows) -> dict[str, float]:
    """`texts`: a rule each; `learnt`: moments of the past; `rows`: those that are pushed. (n, d) each, unit length."""
    with threadpool_limits(1):
        watch = _watch(texts, cohort)
        history = [LabelledMoment(_moment(row, (at - len(learnt)) * APART_S)) for at, row in enumerate(learnt)]
        ids = [rule.id for rule in watch.rules()]
        started = time.process_time()
        for at in range(0, len(history), _WINDOW):
            lesson = watch.lesson(history[at : at + _WINDOW])
            for first in range(0, len(ids), _RULES_AT_ONCE):
                watch.learn_lesson(ids[first : first + _RULES_AT_ONCE], lesson)
        warmed_s = time.process_time() - started
        first_ms, *pushes = _timed(watch, (_moment(row, at * APART_S) for at, row in enumerate(rows)))
        bare = _watch(texts, cohort)
        _timed(bare, [_moment(rows[0], 0.0)])
        (new_bin,) = _timed(bare, [_moment(rows[1], BIN_S)])
    return {
        "push_10k_rules_ms": round(statistics.median(pushes), 3),
        "push_10k_rules_p95_ms": round(statistics.quantiles(pushes, n=20)[-1], 3),
        "push_10k_rules_first_ms": round(first_ms, 3),
        "push_10k_rules_cold_bin_ms": round(new_bin, 3),
        "warm_10k_rules_s": round(warmed_s, 3),
    }


def _watch(texts: Rows, cohort: Rows) -> RuleWatch:
    """Eight of ten for a scene; one for a scene while something is said, and one for words."""
    watch = RuleWatch(WatchOptions(ScoreOptions(cohorts={"scene": cohort})))
    for at, row in enumerate(texts):
        leaf, words = SceneText(f"scene {at}"), Words(f"word{at}")
        conditions: tuple[Condition, ...] = (While(leaf, words), words, *[leaf] * 8)
        watch.add(Rule(f"r{at}", f"rule {at}", conditions[at % 10]), {leaf: _vector(row)})
    return watch


def _timed(watch: RuleWatch, moments: Iterable[MomentDescribed]) -> list[float]:
    took_ms = []
    for moment in moments:
        started = time.thread_time()
        watch.push(moment)
        took_ms.append((time.thread_time() - started) * 1000)
    return took_ms


def _moment(row: Rows, at_s: float) -> MomentDescribed:
    start_s = START_S + at_s
    return MomentDescribed("gate", "scene", start_s, start_s + 2.0, "clip", {"image": _vector(row)})


def _vector(row: Rows) -> Vector:
    return tuple(row.tolist())
