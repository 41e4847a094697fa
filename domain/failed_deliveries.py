"""Deliveries that were given up on, kept for a person to look at and to send again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from domain.deliveries import DeliveryDeadLettered
from domain.errors import BadRequest

KEPT_S = 30 * 24 * 3600.0  # as long as the topic of dead letters keeps what can't be indexed
MOST_KEPT = 1_000  # 20 MB at 20 kB each


class UnknownDelivery(BadRequest):
    """No delivery of this id was given up on."""


class FailedDeliveries:
    """The newest ones, by id. Not thread-safe."""

    def __init__(self, letters: Iterable[DeliveryDeadLettered] = ()) -> None:
        """Those that were given up first lead."""
        self._by_id: OrderedDict[str, DeliveryDeadLettered] = OrderedDict()
        for letter in letters:
            self.add(letter)

    def __contains__(self, id: object) -> bool:
        return id in self._by_id

    def add(self, letter: DeliveryDeadLettered) -> list[str]:
        """Returns the ids of those not kept any longer, because they are too old or too many."""
        self._by_id.pop(letter.delivery.id, None)
        self._by_id[letter.delivery.id] = letter
        dropped = []
        while len(self._by_id) > MOST_KEPT or self._oldest_s() < letter.dead_lettered_s - KEPT_S:
            dropped.append(self._by_id.popitem(last=False)[0])
        return dropped

    def get(self, id: str) -> DeliveryDeadLettered | None:
        return self._by_id.get(id)

    def remove(self, id: str) -> None:
        self._by_id.pop(id, None)

    def newest_first(self) -> list[DeliveryDeadLettered]:
        return list(reversed(self._by_id.values()))

    def _oldest_s(self) -> float:
        return next(iter(self._by_id.values())).dead_lettered_s
