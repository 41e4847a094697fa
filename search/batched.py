"""A long list in short ones, so that nobody waits long in between."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """In order, the last one shorter (itertools has it from Python 3.12 on)."""
    left = iter(items)
    while batch := list(islice(left, size)):
        yield batch
