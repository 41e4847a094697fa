"""How often and how long a delivery is tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

Jitter: TypeAlias = Callable[[], float]  # 0 to 1, evenly: random.random, or what a test wants

_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class DeliveryRules:
    """Seconds, unless said otherwise. Two clocks run: a delivery waits longer after each of its own failures, and its
    endpoint after each failure in a row of any delivery. The endpoint's grows less, for one attempt in a quarter of an
    hour costs a dead receiver nothing and finds soon that it is back."""

    give_up_after_s: float = 24 * _HOUR_S
    first_wait_s: float = 5.0
    longest_wait_s: float = 2 * _HOUR_S
    longest_endpoint_wait_s: float = _HOUR_S / 4
    least_wait_s: float = 1.0  # a retry in the same moment meets the same fault
    longest_retry_after_s: float = 6 * _HOUR_S  # of what an answer asks for
    at_once: int = 64  # deliveries under way
    at_once_per_endpoint: int = 2
    # The oldest ones of an endpoint go to the dead letters when there are more: 20 MB at 20 kB each.
    most_pending: int = 1_000
    remembered_s: float = 7 * 24 * _HOUR_S  # as long as the topics keep what could be read again
    most_remembered: int = 100_000

    @property
    def at_once_failing(self) -> int:
        """How many of those under way may be to endpoints that fail: the rest is free for those that don't."""
        return max(1, self.at_once // 2)


def backoff_s(failures: int, longest_s: float, rules: DeliveryRules, jitter: Jitter) -> float:
    """How long to wait after so many failures, 1 or more: exponential, with full jitter (Brooker, "Exponential Backoff
    And Jitter", AWS Architecture Blog, 2015)."""
    ceiling_s = min(longest_s, rules.first_wait_s * 2.0 ** min(failures - 1, 60))
    return max(rules.least_wait_s, jitter() * ceiling_s)
