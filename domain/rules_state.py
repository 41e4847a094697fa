"""What a node knows beside its rules, as one value to go on from."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.errors import BadEvent
from domain.told_incidents import ToldIncidents


@dataclass(frozen=True, slots=True)
class RulesState:
    watch: Mapping[str, Any] | None = None  # RuleWatch.to_data()
    told: ToldIncidents = field(default_factory=ToldIncidents)
    learnt: Mapping[str, str] = field(default_factory=dict)  # by rule id: what of it history was learnt for


def pack(state: RulesState) -> bytes:
    data = {"watch": state.watch, "told": state.told.to_data(), "learnt": dict(state.learnt)}
    return zlib.compress(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode())


def unpack(packed: bytes) -> RulesState:
    """Raises BadEvent when it is not what `pack` gives. Does not look into `watch`."""
    try:
        data = json.loads(zlib.decompress(packed))
        learnt = {str(rule_id): str(what) for rule_id, what in data["learnt"].items()}
        return RulesState(data["watch"], ToldIncidents.from_data(data["told"]), learnt)
    except (zlib.error, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadEvent(f"what was kept of the rules can't be read: {str(error)[:200]}") from error
