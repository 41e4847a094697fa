"""Vectors of many rules in one matrix, so that one product compares a moment with all of them.

Each row has a bar in each source: the least standard score that is of interest there. It may be raised for a while.
Finding the rows above their bar takes the product and one comparison, whatever the number of rules. Rows are added at
the end, and a removed one is filled by the last: both take the time of one row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from domain.events import Vector
from domain.moment_reading import DIGITS, Exact, Yardstick

_FIRST_ROOM = 16
# A product in 32 bits of unit vectors is exact to some 1e-6. Candidates are measured again in 64 bits, so that whether
# a rule matches does not hang on how many rules are beside it.
_SLACK = 1e-5
_SET, _RAISED = 0, 1
_AT_ONCE = 512  # rows in 64 bits, so that they stay in the processor's cache

Places: TypeAlias = npt.NDArray[np.int64]
Scores: TypeAlias = npt.NDArray[np.float32]
Bars: TypeAlias = npt.NDArray[np.float32]  # (2, room): as they were set, and raised or not


class RuleRows:
    """Rows of one space. `owner` is whatever number the caller knows a rule by."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._count = 0
        self._matrix: npt.NDArray[np.float32] = np.empty((_FIRST_ROOM, size), np.float32)
        self._owners: npt.NDArray[np.int64] = np.empty(_FIRST_ROOM, np.int64)
        self._plain: npt.NDArray[np.uint8] = np.zeros(_FIRST_ROOM, np.uint8)
        self._bars: dict[str, Bars] = {}
        self._rows_of: dict[int, list[int]] = {}

    def __len__(self) -> int:
        return self._count

    def owners(self) -> Iterator[int]:
        return iter(self._rows_of)

    def add(self, owner: int, vector: Vector, plain: int = 0) -> None:
        """Its bars are minus infinity until they are set. `plain`: domain/rule_plainness.py's mask of kinds."""
        if self._count == len(self._matrix):
            self._grow()
        row = self._count
        self._matrix[row], self._owners[row], self._plain[row] = vector, owner, plain
        for bars in self._bars.values():
            bars[:, row] = -np.inf
        self._rows_of.setdefault(owner, []).append(row)
        self._count += 1

    def remove(self, owner: int) -> None:
        """All its rows. An owner without any is passed over."""
        for row in sorted(self._rows_of.pop(owner, []), reverse=True):
            last = self._count - 1
            if row != last:
                self._matrix[row], self._owners[row] = self._matrix[last], self._owners[last]
                self._plain[row] = self._plain[last]
                for bars in self._bars.values():
                    bars[:, row] = bars[:, last]
                moved = self._rows_of[int(self._owners[last])]
                moved[moved.index(last)] = row
            self._count = last

    def sources(self) -> Iterator[str]:
        return iter(self._bars)

    def knows(self, source: str) -> bool:
        return source in self._bars

    def set_bar(self, owner: int, source: str, bar: float) -> None:
        """For all rows of the owner."""
        if source not in self._bars:
            self._bars[source] = np.full((2, len(self._matrix)), -np.inf, np.float32)
        for row in self._rows_of.get(owner, []):
            self._bars[source][:, row] = _below(bar)

    def set_bars(self, source: str, bars: Mapping[int, float]) -> None:
        """By owner, of all of them."""
        self._bars[source] = found = np.full((2, len(self._matrix)), -np.inf, np.float32)
        set = np.asarray([bars[owner] for owner in self._owners[: self._count].tolist()], np.float64)
        found[:, : self._count] = np.nextafter((set - 10.0**-DIGITS).astype(np.float32), np.float32(-np.inf))

    def raise_bar(self, owner: int, source: str, bar: float) -> None:
        """Until `lower_bars`, in a source that is known."""
        for row in self._rows_of.get(owner, []):
            self._bars[source][_RAISED, row] = max(self._bars[source][_SET, row], _below(bar))

    def lower_bars(self, source: str) -> None:
        """All of them, to what they were set to. A source that is not known is passed over."""
        if source in self._bars:
            self._bars[source][_RAISED] = self._bars[source][_SET]

    def clear_bars(self) -> None:
        """No source is known any more."""
        self._bars.clear()

    def raise_bars(self, rows: Places, source: str, bars: Exact) -> None:
        """As `raise_bar`, of single rows."""
        lowered = np.nextafter((bars - 10.0**-DIGITS).astype(np.float32), np.float32(-np.inf))
        self._bars[source][_RAISED, rows] = np.maximum(self._bars[source][_SET, rows], lowered)

    def above(self, source: str, vector: Exact, yardstick: Yardstick, raised: bool = True) -> Places:
        """Rows whose standard score with a vector (d,) reaches their bar in the source, or nearly so; the bar as it was
        set, unless raised ones count. Where they stand is good until a row is added or removed."""
        bars = self._bars.get(source)
        if bars is None or not self._count:
            return np.arange(self._count)
        cosines = self._matrix[: self._count] @ vector.astype(np.float32)
        least = bars[_RAISED if raised else _SET, : self._count] * np.float32(yardstick.deviation) + np.float32(
            yardstick.mean - _SLACK
        )
        return np.flatnonzero(cosines >= least)

    def owners_of(self, rows: Places) -> list[int]:
        found: list[int] = self._owners[rows].tolist()
        return found

    def plain(self, rows: Places, mask: int) -> npt.NDArray[np.bool_]:
        """Which of them are, in a kind of moment."""
        return np.asarray((self._plain[rows] & mask) != 0, np.bool_)

    def exact(self, rows: Places, vector: Exact, yardstick: Yardstick) -> Exact:
        """Standard scores (len(rows),), as those that are worked out one by one."""
        parts = [
            np.einsum("nd,d->n", self._matrix[rows[start : start + _AT_ONCE]].astype(np.float64), vector)
            for start in range(0, len(rows), _AT_ONCE)
        ]
        return yardstick.standard_of_all(np.concatenate(parts) if parts else np.empty(0))

    def standard(self, owners: Sequence[int], vectors: Exact, means: Exact, deviations: Exact) -> Scores:
        """(n, len(owners)): how alike vectors (n, d) are to each owner's nearest row, as standard scores that may be a
        little too high and are never too low; minus infinity for an owner without a row."""
        found = np.full((len(vectors), len(owners)), -np.inf, np.float32)
        pairs = [(at, row) for at, owner in enumerate(owners) for row in self._rows_of.get(owner, ())]
        if pairs:
            columns, rows = np.asarray(pairs).T
            above = vectors.astype(np.float32) @ self._matrix[rows].T - (means[:, None] - _SLACK).astype(np.float32)
            scores = above / deviations[:, None].astype(np.float32) + np.float32(10.0**-DIGITS)
            for column, score in zip(columns, scores.T, strict=True):
                np.maximum(found[:, column], score, out=found[:, column])
        return found

    def _grow(self) -> None:
        room = 2 * len(self._matrix)
        matrix = np.empty((room, self._size), np.float32)
        matrix[: self._count] = self._matrix[: self._count]
        owners, plain = np.empty(room, np.int64), np.zeros(room, np.uint8)
        owners[: self._count], plain[: self._count] = self._owners[: self._count], self._plain[: self._count]
        self._matrix, self._owners, self._plain = matrix, owners, plain
        for source, bars in self._bars.items():
            self._bars[source] = np.full((2, room), -np.inf, np.float32)
            self._bars[source][:, : self._count] = bars[:, : self._count]


def _below(bar: float) -> np.float32:
    """Downwards: scores are rounded, and 32 bits must not lift a bar above the one it was set to."""
    lowered: np.float32 = np.nextafter(np.float32(bar - 10.0**-DIGITS), np.float32(-np.inf))
    return lowered
