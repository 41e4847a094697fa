"""How to publish, and what goes wrong with one source."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PublishOptions:
    start_s: float | None = None  # event time of each source's beginning (Unix seconds); None: now, when that begins
    realtime: bool = False  # files at the speed they were recorded at, like a camera
    loop: bool = False  # files from the beginning again, with event time going on
    retries: int | None = None  # how often in a row a lost address is opened again; None: for ever
    timeout_s: float = 10.0  # without a sign from an address for this long it counts as lost


class SourceFailed(Exception):  # noqa: N818  (says what the source did)
    """A source can't be published, or not to its end. The message says whose fault it is."""
