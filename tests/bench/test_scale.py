"""The made-up moments that search is measured with, and how they are laid out."""

from __future__ import annotations

import numpy as np
import pytest

from bench.scale_data import BLOCK, SPECS, Kind, points, query_vectors
from bench.scale_fill import layout
from search.edge_options import EdgeOptions


def test_the_shards_are_those_that_merging_leaves() -> None:
    assert layout(1_000_000, EdgeOptions()) == [320_000, 320_000, 320_000, 20_000]  # and 20,000 are hot
    assert layout(5_000, EdgeOptions()) == []


@pytest.mark.parametrize("kind", list(SPECS))
def test_any_part_can_be_made_again(kind: Kind) -> None:
    whole = [point for block in points(kind, 0, 3 * BLOCK) for point in block]
    (part,) = points(kind, BLOCK, BLOCK)
    assert whole[BLOCK : 2 * BLOCK] == part
    assert len({point.id for point in whole}) == 3 * BLOCK
    rows = np.asarray([point.vectors[SPECS[kind].searched_by] for point in [*whole[:200]]])
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert query_vectors(kind, 3, seed=1).shape == (3, rows.shape[1])
