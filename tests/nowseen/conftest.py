"""The settings of whoever runs the tests are not the tests' own."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("NOWSEEN_")]:
        monkeypatch.delenv(name)
