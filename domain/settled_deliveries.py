"""Deliveries that are over, remembered so that none is told twice."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from domain.deliveries import SettledDelivery
from domain.delivery_rules import DeliveryRules


class SettledDeliveries:
    def __init__(self, rules: DeliveryRules) -> None:
        self._rules = rules
        self._by_id: OrderedDict[str, SettledDelivery] = OrderedDict()  # those settled first leading

    def __contains__(self, id: object) -> bool:
        return id in self._by_id

    def __iter__(self) -> Iterator[SettledDelivery]:
        return iter(self._by_id.values())

    def get(self, id: str) -> SettledDelivery | None:
        return self._by_id.get(id)

    def add(self, settled: SettledDelivery) -> None:
        self._by_id[settled.id] = settled

    def discard(self, id: str) -> None:
        self._by_id.pop(id, None)

    def forget_old(self, now_s: float) -> list[SettledDelivery]:
        """Those that were remembered long enough, or are too many; they are not remembered any more."""
        forgotten = []
        while self._by_id:
            oldest = next(iter(self._by_id.values()))
            is_recent = now_s < oldest.settled_s + self._rules.remembered_s
            if is_recent and len(self._by_id) <= self._rules.most_remembered:
                break
            forgotten.append(self._by_id.pop(oldest.id))
        return forgotten
