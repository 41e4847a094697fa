from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.evaluation import (
    agreement,
    cluster_purity,
    cohens_kappa,
    concordance,
    equal_error_rate,
    word_error_rate,
    word_errors,
)

SCORES = st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=40)
LABELS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), min_size=1, max_size=40)
NUMBERS = st.lists(st.floats(-1, 1, width=16), min_size=2, max_size=30)


def test_pairs_that_a_threshold_parts_have_no_error() -> None:
    found = equal_error_rate([0.8, 0.9], [0.1, 0.4])

    assert found.rate == 0.0
    assert found.threshold == pytest.approx(0.6)


def test_one_of_four_on_the_wrong_side_each_is_a_quarter() -> None:
    found = equal_error_rate([0.2, 0.7, 0.8, 0.9], [0.1, 0.3, 0.4, 0.75])

    assert found.rate == pytest.approx(0.25)
    assert 0.4 < found.threshold <= 0.7


def test_scores_of_one_distribution_are_half_wrong() -> None:
    random = np.random.default_rng(0)
    assert equal_error_rate(random.normal(size=5000), random.normal(size=5000)).rate == pytest.approx(0.5, abs=0.02)


def test_normal_scores_have_the_error_that_the_books_say() -> None:
    random = np.random.default_rng(0)
    found = equal_error_rate(random.normal(2.0, 1.0, 20_000), random.normal(0.0, 1.0, 20_000))

    assert found.rate == pytest.approx(0.1587, abs=0.01)  # the tail beyond one standard deviation
    assert found.threshold == pytest.approx(1.0, abs=0.05)


@given(SCORES, SCORES)
def test_the_threshold_has_the_errors_it_is_said_to_have(same: list[float], different: list[float]) -> None:
    found = equal_error_rate(same, different)

    missed = np.mean(np.asarray(same) < found.threshold)
    taken = np.mean(np.asarray(different) >= found.threshold)
    assert found.rate == pytest.approx((missed + taken) / 2)


@pytest.mark.parametrize(("same", "different"), [([], [0.1]), ([0.1], [])])
def test_no_pairs_no_rate(same: list[float], different: list[float]) -> None:
    with pytest.raises(ValueError, match="needs scores"):
        equal_error_rate(same, different)


def test_purity_of_a_known_clustering() -> None:
    # The example of Manning et al., figure 16.4: (5 + 4 + 3) / 17.
    clusters = ["1"] * 6 + ["2"] * 6 + ["3"] * 5
    labels = "xxxxxo" + "xoooov" + "xxvvv"

    assert cluster_purity(labels, clusters) == pytest.approx(12 / 17)


@given(LABELS)
def test_purity_is_blind_to_names_and_full_for_singletons(items: list[tuple[str, str]]) -> None:
    labels, clusters = zip(*items, strict=True)

    assert cluster_purity(labels, clusters) == cluster_purity(labels, [f"renamed {c}" for c in clusters])
    assert cluster_purity(labels, range(len(labels))) == 1.0
    assert cluster_purity(labels, labels) == 1.0
    assert 1 / 3 <= cluster_purity(labels, clusters) <= 1.0


@pytest.mark.parametrize(
    ("reference", "heard", "errors"),
    [
        ("the cat sat", "The cat, sat.", 0),
        ("the cat sat", "the cat", 1),
        ("the cat sat", "the fat cat sat", 1),
        ("the cat sat", "the dog sat", 1),
        ("the cat sat", "", 3),
        ("ill disposed", "ill-disposed", 0),
        ("one two three four", "two three five four six", 3),
    ],
)
def test_word_errors(reference: str, heard: str, errors: int) -> None:
    assert word_errors(reference, heard) == (errors, len(reference.split()))


@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abc"), max_size=12))
def test_word_errors_are_a_distance(one: list[str], other: list[str]) -> None:
    there, back = word_errors(" ".join(one), " ".join(other))[0], word_errors(" ".join(other), " ".join(one))[0]

    assert there == back
    assert (there == 0) == (one == other)
    assert abs(len(one) - len(other)) <= there <= max(len(one), len(other))


def test_what_is_made_up_counts_beyond_one() -> None:
    assert word_error_rate("yes", "yes we all know that") == 4.0
    with pytest.raises(ValueError, match="no words"):
        word_error_rate("...", "thank you")


def test_kappa_of_a_known_table() -> None:
    # Two readers of 50 proposals: 20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no. Observed 0.7, by chance 0.5.
    truth = ["yes"] * 25 + ["no"] * 25
    judged = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15

    assert agreement(truth, judged) == pytest.approx(0.7)
    assert cohens_kappa(truth, judged) == pytest.approx(0.4)


def test_always_the_same_label_agrees_with_nothing_beyond_chance() -> None:
    assert cohens_kappa(["sad", "happy", "sad"], ["sad"] * 3) == 0.0
    assert cohens_kappa(["sad"] * 3, ["sad"] * 3) == 0.0


@given(LABELS)
def test_kappa_never_exceeds_the_agreement(items: list[tuple[str, str]]) -> None:
    truth, judged = zip(*items, strict=True)
    same = [{"x": "a", "y": "b", "z": "c"}[label] for label in judged]

    assert cohens_kappa(truth, same) <= agreement(truth, same) + 1e-9


def test_concordance_of_known_numbers() -> None:
    # Means 2 and 3, variances 2/3 each, covariance 2/3: 2 * 2/3 / (4/3 + 1).
    assert concordance([1, 2, 3], [2, 3, 4]) == pytest.approx(4 / 7)
    assert concordance([1, 2, 3], [3, 2, 1]) == pytest.approx(-1.0)


@given(NUMBERS)
def test_concordance_is_one_with_itself_and_a_shift_lowers_it(numbers: list[float]) -> None:
    assert concordance(numbers, numbers) == pytest.approx(1.0)
    assert concordance(numbers, [number + 0.5 for number in numbers]) < 1.0


def test_arrays_of_two_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        concordance([1.0, 2.0], [1.0])
