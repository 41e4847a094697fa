"""What `make bench` writes and shows."""

from __future__ import annotations

import json

import pytest

from bench.__main__ import _figures, _print
from bench.pipeline import Measured


def test_what_could_not_be_measured_is_null_and_a_budget_missed(capsys: pytest.CaptureFixture[str]) -> None:
    measured = Measured(freshness_scene_s=[1.0, 2.0], wall_s=2.0, transcribe_wall_s=1.0)
    figures = _figures(measured, {"decode_s": 1.0}, {"bare_reading_s": 2.0})

    assert figures["freshness_scene_p95_s"] == 1.95
    assert figures["speech_provisional_p95_s"] is None
    json.dumps(figures, allow_nan=False)
    _print(figures)
    (line,) = (line for line in capsys.readouterr().out.splitlines() if "speech_provisional_p95_s" in line)
    assert "not measured" in line and "missed" in line
