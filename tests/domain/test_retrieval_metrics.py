from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.retrieval_metrics import METRICS, Metric, Relevance, ndcg_at, pessimistic, recall_at, reciprocal_rank

ITEMS = [f"item {number}" for number in range(12)]
RANKINGS = st.permutations(ITEMS).flatmap(lambda order: st.integers(0, len(order)).map(lambda n: order[:n]))
RELEVANT = st.dictionaries(st.sampled_from(ITEMS), st.floats(0.001, 1e9), min_size=1)
METRIC = pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS.keys())


def best_order(relevant: Relevance) -> list[str]:
    return sorted(ITEMS, key=lambda item: -relevant.get(item, 0.0))


def test_recall_with_one_relevant_item_is_whether_it_is_there() -> None:
    assert recall_at(1, ["b", "a"], {"a": 1}) == 0.0
    assert recall_at(2, ["b", "a"], {"a": 1}) == 1.0


def test_recall_is_of_as_many_as_there_is_room_for() -> None:
    relevant = dict.fromkeys("abc", 1.0)

    assert recall_at(1, list("axb"), relevant) == 1.0
    assert recall_at(2, list("axb"), relevant) == 0.5
    assert recall_at(5, list("axb"), relevant) == pytest.approx(2 / 3)


def test_reciprocal_rank_asks_for_the_first_alone() -> None:
    assert reciprocal_rank(list("xyab"), {"a": 1, "b": 5}) == pytest.approx(1 / 3)
    assert reciprocal_rank(list("xy"), {"a": 1}) == 0.0


def test_discounted_gain_of_a_known_ranking() -> None:
    # Grades 3, 2, 3, 0, 1, 2 at places 1 to 6: 6.861 of 7.141 in the best order.
    ranking = list("abcdef")
    relevant = {"a": 3.0, "b": 2.0, "c": 3.0, "e": 1.0, "f": 2.0}

    assert ndcg_at(10, ranking, relevant) == pytest.approx(6.8611 / 7.1410, abs=1e-4)
    assert ndcg_at(1, ranking, relevant) == 1.0


def test_what_is_not_ranked_was_not_found() -> None:
    assert ndcg_at(10, ["a"], {"a": 1, "b": 1}) == pytest.approx(1 / (1 + 1 / math.log2(3)))


@METRIC
@given(ranking=RANKINGS, relevant=RELEVANT)
def test_figures_go_from_0_to_1(metric: Metric, ranking: list[str], relevant: Relevance) -> None:
    assert 0.0 <= metric(ranking, relevant) <= 1.0 + 1e-12


@METRIC
@given(relevant=RELEVANT)
def test_the_best_order_has_it_all_and_an_empty_one_nothing(metric: Metric, relevant: Relevance) -> None:
    assert metric(best_order(relevant), relevant) == pytest.approx(1.0)
    assert metric([], relevant) == 0.0


@METRIC
@given(ranking=st.permutations(ITEMS), relevant=RELEVANT, data=st.data())
def test_a_better_item_further_up_is_never_worse(
    metric: Metric, ranking: list[str], relevant: Relevance, data: st.DataObject
) -> None:
    upper = data.draw(st.integers(0, len(ranking) - 2))
    lower = data.draw(st.integers(upper + 1, len(ranking) - 1))
    if relevant.get(ranking[lower], 0.0) < relevant.get(ranking[upper], 0.0):
        ranking = [*ranking]
        ranking[upper], ranking[lower] = ranking[lower], ranking[upper]
    swapped = [*ranking]
    swapped[upper], swapped[lower] = swapped[lower], swapped[upper]

    assert metric(swapped, relevant) >= metric(ranking, relevant) - 1e-12


@METRIC
@given(ranking=RANKINGS, relevant=RELEVANT, factor=st.sampled_from([0.5, 2.0, 1024.0]))
def test_the_unit_of_the_grades_does_not_count(
    metric: Metric, ranking: list[str], relevant: Relevance, factor: float
) -> None:
    scaled = {item: grade * factor for item, grade in relevant.items()}
    assert metric(ranking, scaled) == pytest.approx(metric(ranking, relevant))


@given(ranking=RANKINGS, relevant=RELEVANT)
def test_more_places_lose_nothing_of_what_fits(ranking: list[str], relevant: Relevance) -> None:
    few = [recall_at(k, ranking, relevant) * min(k, len(relevant)) for k in range(1, len(ITEMS) + 1)]
    assert few == sorted(few)


@given(
    scores=st.dictionaries(st.sampled_from(ITEMS), st.sampled_from([0.1, 0.5, 0.9]), min_size=1),
    relevant=RELEVANT,
    data=st.data(),
)
def test_no_order_that_the_scores_allow_is_worse_than_the_pessimistic_one(
    scores: dict[str, float], relevant: Relevance, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(list(scores)))
    other = sorted(shuffled, key=lambda item: -scores[item])  # stable: ties stay as they were dealt
    worst = pessimistic(scores, relevant)

    assert [scores[item] for item in worst] == [scores[item] for item in other]
    for metric in METRICS.values():
        assert metric(worst, relevant) <= metric(other, relevant) + 1e-12


def test_who_scores_everything_alike_earns_nothing_at_the_top() -> None:
    worst = pessimistic(dict.fromkeys(ITEMS, 0.5), {"item 0": 1.0})
    assert recall_at(10, worst, {"item 0": 1.0}) == 0.0


@METRIC
@pytest.mark.parametrize(
    ("ranking", "relevant", "why"),
    [
        (["a", "a"], {"a": 1.0}, "twice"),
        (["a"], {}, "no item is relevant"),
        (["a"], {"a": 0.0}, "above 0"),
        (["a"], {"a": math.nan}, "above 0"),
        (["a"], {"a": math.inf}, "above 0"),
    ],
)
def test_what_can_t_be_measured_is_refused(metric: Metric, ranking: list[str], relevant: Relevance, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        metric(ranking, relevant)


def test_no_place_at_all_is_refused() -> None:
    for measure in (recall_at, ndcg_at):
        with pytest.raises(ValueError, match="places"):
            measure(0, ["a"], {"a": 1.0})
