"""Whether a partition was read to its end, as the broker tells: an empty queue may also be a broker that is away.

Every answer to a fetch names the end of the partition. The broker in memory names it rightly there, and wrongly to
those who ask for it alone.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import faust

MARKERS_S = 60.0  # records that were fetched and are still held up by those of other topics come within this


class PartitionEnds:
    """Tells of one topic that a Faust app reads how far it was read, by the answers that the app's consumer got."""

    def __init__(self, app: faust.App, topic: str) -> None:
        self._app, self._topic = app, topic
        self._passed: dict[int, tuple[int, float]] = {}  # by partition: the end, and when reading was first past it

    def reached(self, next_offsets: Mapping[int, int]) -> dict[int, float]:
        """Tells when the broker last said (Unix seconds) that nothing stands at these offsets yet, by partition.

        A partition without an offset brought nothing since it was assigned. One of which the broker's last answer said
        otherwise, or that has none, is left out.
        """
        told: dict[int, float] = {}
        for partition, state in self._states().items():
            if not (state.timestamp and state.has_valid_position):
                continue
            next_offset = next_offsets.get(partition, state.position)
            if next_offset >= state.highwater or self._are_markers(partition, state):
                told[partition] = state.timestamp / 1000
        return told

    def all_reached(self, next_offsets: Mapping[int, int]) -> float | None:
        """Tells the same of all partitions together; None when some were not read to their end, or there are none."""
        told = self.reached(next_offsets)
        return min(told.values()) if told and told.keys() == self._states().keys() else None

    def _states(self) -> dict[int, Any]:
        """What the client knows of each partition that the app has now."""
        consumer = getattr(self._app.consumer, "_thread")._consumer  # noqa: B009  (Faust offers no way to it)
        assignment = getattr(consumer._subscription.subscription, "assignment", None)
        if assignment is None:
            return {}
        mine = [place for place in assignment.tps if place.topic == self._topic]
        return {place.partition: assignment.state_value(place) for place in mine}

    def _are_markers(self, partition: int, state: Any) -> bool:
        """Behind a transaction stands a marker that the client passes over: no record will come of it."""
        if state.position < state.highwater:
            return False
        now_s = time.monotonic()
        end, since_s = self._passed.get(partition, (-1, now_s))
        if end != state.highwater:
            since_s = now_s
        self._passed[partition] = state.highwater, since_s
        return now_s - since_s >= MARKERS_S
