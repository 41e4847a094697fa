"""Which frames of a chunk are looked at, and where its picture changes.

The cut is made on small colour thumbnails, not on the encoder's vectors: it stays the same when the model changes, and
a model that confuses two pictures does not merge them. (PySceneDetect's content detector works the same way.)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from domain.ports import Image

SIGNATURE_ROWS, SIGNATURE_COLUMNS = 18, 32


class FrameSampler:
    """Takes every frame's time, in order, and says which ones to keep: about `frames_per_s`, always the first."""

    def __init__(self, frames_per_s: float) -> None:
        self._period_s = 1.0 / frames_per_s
        self._next_s: float | None = None

    def keep(self, time_s: float) -> bool:
        # Half a millisecond: times come from a container's clock and are rounded there.
        if self._next_s is not None and time_s < self._next_s - 0.0005:
            return False
        self._next_s = time_s + self._period_s
        return True


def similarity(one: Image, other: Image) -> float:
    """1 for the same picture, 0 for black against white: one less the mean difference of their thumbnails' colours."""
    return 1.0 - float(np.abs(_signature(one) - _signature(other)).mean())


def runs(frames: Sequence[Image], same_picture: float) -> list[range]:
    """Runs of neighbouring frames that show one picture, as index ranges that cover all frames in order."""
    if not frames:
        return []
    cuts = [i for i in range(1, len(frames)) if similarity(frames[i - 1], frames[i]) < same_picture]
    return [range(start, stop) for start, stop in zip([0, *cuts], [*cuts, len(frames)], strict=True)]


def _signature(image: Image) -> np.ndarray[tuple[int, int, int], np.dtype[np.float32]]:
    """(18, 32, 3) mean colours in 0..1. An image smaller than that repeats pixels."""
    rows = np.linspace(0, image.shape[0], SIGNATURE_ROWS + 1).astype(int)
    columns = np.linspace(0, image.shape[1], SIGNATURE_COLUMNS + 1).astype(int)
    by_row = np.add.reduceat(image.astype(np.float32), np.minimum(rows[:-1], image.shape[0] - 1), axis=0)
    sums = np.add.reduceat(by_row, np.minimum(columns[:-1], image.shape[1] - 1), axis=1)
    sizes = np.maximum(np.diff(rows), 1)[:, None, None] * np.maximum(np.diff(columns), 1)[None, :, None]
    return np.asarray(sums / (sizes * 255.0), dtype=np.float32)
