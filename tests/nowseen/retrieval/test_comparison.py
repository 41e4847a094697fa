"""Results are kept, read again and compared; what is none is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.bootstrap import BootstrapOptions, mean_intervals
from domain.errors import ConfigError
from domain.ports import EncoderInfo
from domain.retrieval_metrics import METRICS
from nowseen.retrieval.comparison import compare
from nowseen.retrieval.report import comparison_text, result_text
from nowseen.retrieval.results import RankingEvaluated, RetrievalEvaluated, TaskEvaluated, read_result, to_json

CONCEPT = EncoderInfo(
    "pictures", "concept", "package x 1.0", "Apache-2.0", 384, "cpu", "open_clip:a/b", "Knows little."
)
QUERIES = 40


def result(values: Any, *, pictures: EncoderInfo = CONCEPT, name: str = "text->scene") -> RetrievalEvaluated:
    """One task of QUERIES queries; every metric of a query has the same value."""
    by_query = {f"q{n}": dict.fromkeys(METRICS, float(value)) for n, value in enumerate(values)}
    intervals = mean_intervals([list(row.values()) for row in by_query.values()])
    ranking = RankingEvaluated(dict(zip(METRICS, intervals, strict=True)), by_query)
    task = TaskEvaluated(name, len(by_query), 50, {"search": ranking, "vectors": ranking})
    return RetrievalEvaluated(
        format=1,
        dataset="mine",
        fingerprint="ab" * 16,
        date="2026-01-31T00:00:00+00:00",
        encoders=(pictures,),
        versions={"python": "3.11.7"},
        bootstrap=BootstrapOptions(),
        tasks=(task,),
        not_indexed=("silent",),
    )


def some_right(share: float, seed: int = 0) -> Any:
    return np.random.default_rng(seed).random(QUERIES) < share


def test_a_result_is_read_as_it_was_kept(tmp_path: Path) -> None:
    kept = result(some_right(0.5))
    (tmp_path / "a.json").write_text(to_json(kept))

    assert read_result(tmp_path / "a.json") == kept


def changed(**changes: Any) -> str:
    return json.dumps(json.loads(to_json(result(some_right(0.5)))) | changes)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "{'format': 1}",
        changed(format=2),
        changed(tasks=[{"task": "text->scene"}]),
        changed(
            tasks=[{"task": "t", "queries": 1, "items": 1, "rankings": {"search": {"metrics": {}, "by_query": {}}}}]
        ),
        changed(fingerprint=None),
    ],
)
def test_what_is_no_result_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(ConfigError, match="is no result"):
        read_result(tmp_path / "a.json")


def test_a_missing_result_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read"):
        read_result(tmp_path / "none.json")


def test_a_large_difference_is_more_than_chance_and_a_small_one_may_be() -> None:
    first = result(some_right(0.4))
    better = result(np.maximum(some_right(0.4), some_right(0.5, seed=1)), pictures=replace(CONCEPT, name="clip"))
    nearly = result([*some_right(0.4)[:-2], True, True])
    compared = compare([("old", first), ("new", better), ("same", nearly)])
    row = compared.rows[0]

    assert (compared.names, row.task, row.ranking, row.queries) == (("old", "new", "same"), "text->scene", "search", 40)
    assert compared.encoders[1] == {"pictures": "clip"}
    large, small = (differences["recall@1"] for differences in row.differences)
    assert large.is_more_than_chance and large.low > 0
    assert not small.is_more_than_chance
    assert large.mean == pytest.approx(row.means[1]["recall@1"] - row.means[0]["recall@1"])


@settings(max_examples=8, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=30))
def test_a_result_compared_with_itself_has_no_difference(values: list[bool]) -> None:
    same = result(values)
    for row in compare([("one", same), ("other", same)]).rows:
        assert all(not each.is_more_than_chance and each.mean == 0.0 for each in row.differences[0].values())


def test_different_data_sets_are_not_compared() -> None:
    with pytest.raises(ConfigError, match="of another data set than old: yours"):
        compare([("old", result([1.0])), ("new", replace(result([1.0]), dataset="yours", fingerprint="cd" * 16))])


def test_other_queries_under_one_fingerprint_are_not_compared() -> None:
    with pytest.raises(ConfigError, match="changed by hand"):
        compare([("old", result([1.0])), ("new", result([1.0, 0.0]))])


def test_one_result_alone_is_not_compared() -> None:
    with pytest.raises(ConfigError, match="two results"):
        compare([("old", result([1.0]))])


def test_only_tasks_that_all_have_are_compared() -> None:
    other = result(some_right(0.5), name="speaker")
    compared = compare([("old", result(some_right(0.5))), ("new", other)])

    assert compared.rows == ()
    assert "no task in common" in comparison_text(compared)


def test_what_is_printed_holds_the_figures_and_fits_a_terminal() -> None:
    text = result_text(result([1.0] * 10 + [0.0] * 30))

    assert "25.0 (12-40)" in text
    assert "concept, in place of open_clip:a/b" in text
    assert "Knows little." in text
    assert "no words were heard: silent" in text
    table = text.partition("text->scene")[2].splitlines()
    assert max(map(len, table)) <= 80


def test_a_printed_comparison_says_what_is_more_than_chance() -> None:
    text = comparison_text(compare([("old", result([0.0] * 40)), ("new", result([1.0] * 20 + [0.0] * 20))]))

    assert "+50.0 (+35.0 to +65.0), more than chance  new" in text
    assert max(map(len, text.splitlines())) <= 80
