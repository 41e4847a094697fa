"""One place for what every vector of this package is: float32, in rows, of unit length."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from domain.ports import Matrix


def unit_rows(rows: npt.NDArray[np.floating]) -> Matrix:
    """Raises ValueError for a row without a direction: zeros, or numbers that are not finite."""
    wide = np.asarray(rows, dtype=np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    if not (np.isfinite(lengths).all() and (lengths > 0).all()):
        raise ValueError("the model gave a vector without a direction; its weights are damaged or overflow this device")
    return np.ascontiguousarray(wide / lengths, dtype=np.float32)


def no_rows(size: int) -> Matrix:
    return np.zeros((0, size), np.float32)
