"""Acknowledging out-of-order work in order.

A Kafka consumer commits one number per partition: everything below it is done. When an utterance of one source is still
open, chunks of other sources behind it in the same partition may be finished but must not be acknowledged yet.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Generic, TypeVar

T = TypeVar("T")


class InOrder(Generic[T]):
    """Holds finished items back until all that began before them, in the same lane, are finished too."""

    def __init__(self) -> None:
        self._lanes: dict[int, OrderedDict[int, tuple[T, bool]]] = {}
        self._next: dict[int, int] = {}

    def begin(self, lane: int, number: int, item: T) -> None:
        """`number` must rise within a lane; an item begun again replaces the first."""
        self._lanes.setdefault(lane, OrderedDict())[number] = (item, False)
        self._next[lane] = number + 1

    @property
    def next_numbers(self) -> Mapping[int, int]:
        """Gives one past the last that began, by lane."""
        return self._next

    def item(self, lane: int, number: int) -> T | None:
        """Finds one that is not let go yet."""
        found = self._lanes.get(lane, OrderedDict()).get(number)
        return None if found is None else found[0]

    def finish(self, lane: int, number: int) -> list[T]:
        """The items that may be acknowledged now, in order. Finishing what never began is harmless."""
        open_items = self._lanes.get(lane, OrderedDict())
        if number in open_items:
            open_items[number] = (open_items[number][0], True)
        ready: list[T] = []
        while open_items and next(iter(open_items.values()))[1]:
            ready.append(open_items.popitem(last=False)[1][0])
        return ready
