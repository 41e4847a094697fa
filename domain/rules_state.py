"""What a node knows beside its rules, as records to go on from: one of each rule, and one of what is of no rule alone.

A record has a size that its topic takes, however many sources there are: what would make it larger is forgotten when it
is kept, the oldest first. It is forgotten by who goes on from there, not by who keeps it.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.errors import BadEvent
from domain.events import RuleKept, RulesKept
from domain.told_incidents import NumberedEvents

MOST_BYTES = 4 * 1024 * 1024  # of a record; topology.yaml's max_message_bytes for rules.state has to be more
_LEVEL = 1  # of zlib: ten thousand rules may change at once
_ROUNDS = 40  # of halving: nothing is left after fewer


@dataclass(frozen=True, slots=True)
class RuleState:
    """Of one rule."""

    watch: Mapping[str, Any]  # RuleWatch.rule_to_data()
    told: NumberedEvents = ()  # ToldIncidents.by_rule(), of this rule
    learnt: str = ""  # what of it history was learnt for; empty: nothing was


@dataclass(frozen=True, slots=True)
class Keeping:
    """What changed since the last one. `common` may be written when all of `rules` are, and what was read be
    acknowledged then; rules that are `forgotten` (by id) need no record any more."""

    rules: Sequence[RuleKept] = ()
    common: RulesKept | None = None  # None: nothing changed
    forgotten: Sequence[str] = ()


def pack_rule(state: RuleState, most_bytes: int = MOST_BYTES) -> bytes:
    """Where it would be larger, without what lies furthest back: closed incidents and suppressed matches, then sources
    that nothing was learnt in for longest."""
    data = {"watch": state.watch, "told": [list(each) for each in state.told], "learnt": state.learnt}
    return _packed(data, most_bytes, _slim_rule)


def unpack_rule(packed: bytes) -> RuleState:
    """Raises BadEvent when it is not what `pack_rule` gives. Does not look into `watch`."""
    data = _unpacked(packed)
    try:
        told = tuple((int(number), str(event)) for number, event in data["told"])
        return RuleState(data["watch"], told, str(data["learnt"]))
    except (KeyError, ValueError, TypeError) as error:
        raise _unreadable(error) from error


def pack_common(watch: Mapping[str, Any], most_bytes: int = MOST_BYTES) -> bytes:
    """RuleWatch.to_data(). Where it would be larger, with fewer moments of each source that are known when they come
    again, then without the sources that were silent for longest."""
    return _packed({"watch": watch}, most_bytes, _slim_common)


def unpack_common(packed: bytes) -> Mapping[str, Any]:
    """Raises BadEvent when it is not what `pack_common` gives. Does not look into it."""
    data = _unpacked(packed)
    if "calibrations" in (data.get("watch") or ()) or "told" in data:
        raise BadEvent("what was kept of the rules was kept in one piece, by an older version of Nowseen")
    if not isinstance(data.get("watch"), dict):
        raise _unreadable(KeyError("watch"))
    watch: Mapping[str, Any] = data["watch"]
    return watch


def _packed(data: dict[str, Any], most_bytes: int, slim: Callable[[dict[str, Any], int], dict[str, Any]]) -> bytes:
    packed = _compressed(data)
    for round in range(_ROUNDS):
        if len(packed) <= most_bytes:
            break
        data = slim(data, round)
        packed = _compressed(data)
    return packed


def _compressed(data: Mapping[str, Any]) -> bytes:
    return zlib.compress(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode(), _LEVEL)


def _unpacked(packed: bytes) -> dict[str, Any]:
    try:
        data = json.loads(zlib.decompress(packed))
        if not isinstance(data, dict):
            raise TypeError("it is no object")
    except (zlib.error, ValueError, TypeError, RecursionError) as error:
        raise _unreadable(error) from error
    return data


def _unreadable(error: Exception) -> BadEvent:
    return BadEvent(f"what was kept of the rules can't be read: {str(error)[:200]}")


def _slim_rule(data: dict[str, Any], round: int) -> dict[str, Any]:
    incidents, calibration = data["watch"]["incidents"], data["watch"]["calibration"]
    slim = {
        **incidents,
        "over": {source: _later_half(groups) for source, groups in incidents["over"].items() if len(groups) > 1},
        "suppressed": _later_half(incidents["suppressed"]),
    }
    if round >= 5:
        thresholds = calibration["thresholds"]
        sources = sorted(calibration["backgrounds"], key=lambda source: thresholds.get(source, (0,))[0])
        kept = set(_later_half(sources))
        calibration = {
            **calibration,
            **{
                name: {source: each for source, each in calibration[name].items() if source in kept}
                for name in ("backgrounds", "thresholds")
            },
            "missed": {} if round >= 10 else calibration["missed"],
        }
    if round >= 10:
        slim["open"] = {source: slim["open"][source] for source in _later_half([*slim["open"]])}
        slim["digest"] = None  # what it stands for was told
    watch = {**data["watch"], "incidents": slim, "calibration": calibration}
    return {**data, "watch": watch, "told": _later_half(data["told"])}


def _slim_common(data: dict[str, Any], round: int) -> dict[str, Any]:
    watch = data["watch"]
    seen = {source: dict(_later_half([*prints.items()])) for source, prints in watch["seen"].items()}
    slim = {**watch, "seen": seen}
    if round >= 5:
        clocks_s = watch["clocks_s"]
        kept = set(_later_half(sorted(clocks_s, key=lambda source: clocks_s[source])))
        for name in ("exposed", "bins", "clocks_s", "seen"):
            slim[name] = {source: each for source, each in slim[name].items() if source in kept}
    return {"watch": slim}


def _later_half(items: list[Any]) -> list[Any]:
    return items[(len(items) + 1) // 2 :]
