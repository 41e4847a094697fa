"""How sure a mean or a ratio over queries is, and whether the difference of two of them is more than chance.

The percentile bootstrap (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13): the queries are
drawn again and again, with replacement, and the middle 95 % of the means are the interval. It says how far the figure
would move with other queries like these. It can't know of queries unlike them, it takes them for independent of each
other, and where all answers are right it is a point.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LEAST_DIFFERENT = 6  # queries: five that all differ one way are chance once in 16 times, six once in 32 (sign test)


@dataclass(frozen=True, slots=True)
class Interval:
    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    mean: float  # of the second less the first
    low: float
    high: float
    is_more_than_chance: bool


@dataclass(frozen=True, slots=True)
class BootstrapOptions:
    resamples: int = 10_000
    confidence: float = 0.95
    seed: int = 0


def mean_intervals(values: npt.ArrayLike, options: BootstrapOptions | None = None) -> list[Interval]:
    """(n, m) values of n queries in m measures -> an interval for each measure, from the same resamples.

    The same values and options always give the same intervals. Raises ValueError when there is no query, or for a value
    that is not finite.
    """
    options = options or BootstrapOptions()
    table = np.asarray(values, np.float64)
    if table.ndim != 2 or not len(table):
        raise ValueError(f"a mean needs queries: the values are (queries, measures), not of shape {table.shape}")
    if not np.isfinite(table).all():
        raise ValueError("a value is not finite")
    random, count = np.random.default_rng(options.seed), len(table)
    means = np.stack([table[random.integers(0, count, count)].mean(axis=0) for _ in range(options.resamples)])
    tail = (1 - options.confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail], axis=0)
    return [Interval(*row) for row in np.stack([table.mean(axis=0), low, high], axis=1).tolist()]


def paired_differences(
    before: npt.ArrayLike, after: npt.ArrayLike, options: BootstrapOptions | None = None
) -> list[Difference]:
    """(n, m) values of the same n queries by two systems -> for each measure the difference of the means, second less
    first, from resamples of the pairs (Sakai, "Evaluating evaluation metrics based on the bootstrap", SIGIR 2006).

    It is more than chance when the interval lies on one side of zero and LEAST_DIFFERENT queries or more differ: of
    fewer, all on one side, the bootstrap would be sure and chance would not. Raises ValueError when the two are not of
    one shape, and as `mean_intervals` does.
    """
    first, second = np.asarray(before, np.float64), np.asarray(after, np.float64)
    if first.shape != second.shape:
        raise ValueError(f"pairs are needed, not {first.shape} and {second.shape}")
    change = second - first
    enough = (change != 0).sum(axis=0) >= LEAST_DIFFERENT if change.ndim == 2 else []
    return [
        Difference(interval.mean, interval.low, interval.high, bool(many and (interval.low > 0 or interval.high < 0)))
        for interval, many in zip(mean_intervals(change, options), enough, strict=True)
    ]


def ratio_intervals(parts: npt.ArrayLike, options: BootstrapOptions | None = None) -> list[Interval]:
    """(n, m, 2) numerators and denominators of n queries in m ratios of sums, such as precision over all alarms of all
    rules -> an interval for each; its `mean` is the ratio of the sums. Resamples in which a ratio divides by 0 are left
    out of it.

    Raises ValueError when there is no query, a part is negative or not finite, or a ratio divides by 0 altogether.
    """
    ratio, ratios = _ratios(parts, options or BootstrapOptions())
    return _around(ratio, ratios, options or BootstrapOptions())


def ratio_differences(
    before: npt.ArrayLike, after: npt.ArrayLike, options: BootstrapOptions | None = None
) -> list[Difference]:
    """Of two systems' ratios, as `ratio_intervals` takes them, second less first, from the same resamples.

    It is more than chance as in `paired_differences`; what has to differ is what a query adds. Raises ValueError as
    `ratio_intervals` does, and when the two are not of one shape.
    """
    first, second = np.asarray(before, np.float64), np.asarray(after, np.float64)
    if first.shape != second.shape:
        raise ValueError(f"pairs are needed, not {first.shape} and {second.shape}")
    options = options or BootstrapOptions()
    (one, ones), (other, others) = _ratios(first, options), _ratios(second, options)
    many = (first != second).any(axis=2).sum(axis=0) >= LEAST_DIFFERENT
    return [
        Difference(each.mean, each.low, each.high, bool(enough and (each.low > 0 or each.high < 0)))
        for each, enough in zip(_around(other - one, others - ones, options), many, strict=True)
    ]


def _ratios(parts: npt.ArrayLike, options: BootstrapOptions) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """(m,) of all queries, and (resamples, m), not a number where it divides by 0."""
    table = np.asarray(parts, np.float64)
    if table.ndim != 3 or table.shape[2] != 2 or not len(table):
        raise ValueError(f"ratios need queries: the parts are (queries, ratios, 2), not of shape {table.shape}")
    if not np.isfinite(table).all() or (table < 0).any() or (table[:, :, 1].sum(axis=0) == 0).any():
        raise ValueError("a part is negative or not finite, or all of a ratio's denominators are 0")
    random, count = np.random.default_rng(options.seed), len(table)
    sums = np.stack([table[random.integers(0, count, count)].sum(axis=0) for _ in range(options.resamples)])
    ratios = np.full(sums.shape[:2], np.nan)
    np.divide(sums[:, :, 0], sums[:, :, 1], out=ratios, where=sums[:, :, 1] > 0)
    whole = table.sum(axis=0)
    return whole[:, 0] / whole[:, 1], ratios


def _around(
    measured: npt.NDArray[np.float64], resampled: npt.NDArray[np.float64], options: BootstrapOptions
) -> list[Interval]:
    tail = (1 - options.confidence) / 2
    low, high = np.nanquantile(resampled, [tail, 1 - tail], axis=0)
    return [Interval(*row) for row in np.stack([measured, low, high], axis=1).tolist()]
