"""What `python -m bench.rules` prints."""

from __future__ import annotations

import json
import math

from bench.rules import measure


def test_the_figures_have_their_keys_and_are_measured() -> None:
    figures = measure(rules=200, moments=20)
    pushes = {"push_10k_rules_ms", "push_10k_rules_p95_ms"}
    assert {"match_10k_rules_ms", "match_ratio_to_bare"} | pushes <= figures.keys()
    assert all(math.isfinite(figure) and figure > 0 for figure in figures.values())
    assert 0.5 < figures["candidates_per_moment"] < 8  # one in a hundred of 200 rules
    json.dumps(figures, allow_nan=False)
