"""A rule as the value of a record on a compacted topic, versioned. Its key is the rule's id; no value means deleted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TypeVar

from domain.condition_json import (
    Json,
    condition_from_data,
    condition_to_data,
    list_from,
    number_from,
    object_from,
    text_from,
    texts_from,
)
from domain.errors import BadEvent
from domain.hours import WEEKDAYS, Hours, Weekday
from domain.rules import DECIDED_BY, RULE_STATES, Mark, Rule, rule_faults

VERSION = 1

Name = TypeVar("Name", bound=str)


def encode_rule(rule: Rule) -> bytes:
    data = {
        "version": VERSION,
        "id": rule.id,
        "name": rule.name,
        "condition": condition_to_data(rule.condition),
        "sources": list(rule.sources),
        "hours": _hours_to_data(rule.hours),
        "webhooks": list(rule.webhooks),
        "state": rule.state,
        "decided_by": rule.decided_by,
        "false_alarms_per_day": rule.false_alarms_per_day,
        "marks": [_mark_to_data(mark) for mark in rule.marks],
    }
    if rule.by_example:
        data["by_example"] = True
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def decode_rule(value: bytes) -> Rule:
    """Raises BadEvent when it is no rule that this version reads, or one that could never be watched for."""
    try:
        fields = object_from(json.loads(value), "rule")
        if fields["version"] != VERSION:
            raise ValueError(f"its version is {str(fields['version'])[:20]}; this version of Nowseen reads {VERSION}")
        rule = _rule(fields)
        faults = rule_faults(rule)
    except KeyError as error:
        raise BadEvent(f"not a rule: {error} is missing") from error
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise BadEvent(f"not a rule: {str(error)[:300]}") from error
    if faults:
        raise BadEvent("not a rule that can be watched for: " + "; ".join(faults))
    return rule


def _rule(fields: Mapping[str, Json]) -> Rule:
    return Rule(
        id=text_from(fields["id"], "id"),
        name=text_from(fields["name"], "name"),
        condition=condition_from_data(fields["condition"]),
        sources=texts_from(fields["sources"], "sources"),
        hours=_hours(fields["hours"]),
        webhooks=texts_from(fields["webhooks"], "webhooks"),
        state=_one_of(fields, "state", RULE_STATES),
        decided_by=_one_of(fields, "decided_by", DECIDED_BY),
        false_alarms_per_day=number_from(fields["false_alarms_per_day"], "false_alarms_per_day"),
        marks=tuple(_mark(object_from(each, "marks")) for each in list_from(fields["marks"], "marks")),
        by_example="by_example" in fields and _whether(fields, "by_example"),
    )


def _one_of(fields: Mapping[str, Json], name: str, names: tuple[Name, ...]) -> Name:
    for each in names:
        if fields[name] == each:
            return each
    raise ValueError(f"{name!r} must be one of {', '.join(names)}")


def _hours_to_data(hours: Hours | None) -> Json:
    if hours is None:
        return None
    return {
        "start_minute": hours.start_minute,
        "end_minute": hours.end_minute,
        "zone": hours.zone,
        "days": list(hours.days),
    }


def _hours(value: Json) -> Hours | None:
    if value is None:
        return None
    fields = object_from(value, "hours")
    return Hours(
        _whole(fields, "start_minute"),
        _whole(fields, "end_minute"),
        text_from(fields["zone"], "zone"),
        tuple(_weekday(each) for each in list_from(fields["days"], "days")),
    )


def _weekday(value: Json) -> Weekday:
    return _one_of({"days": value}, "days", WEEKDAYS)


def _whole(fields: Mapping[str, Json], name: str) -> int:
    if (number := number_from(fields[name], name)) != int(number):
        raise ValueError(f"{name!r} must be a whole number, not {number}")
    return int(number)


def _mark_to_data(mark: Mark) -> Json:
    return {
        "moment_id": mark.moment_id,
        "source": mark.source,
        "start_s": mark.start_s,
        "end_s": mark.end_s,
        "score": mark.score,
        "is_right": mark.is_right,
        "condition": mark.condition,
    }


def _mark(fields: Mapping[str, Json]) -> Mark:
    return Mark(
        moment_id=text_from(fields["moment_id"], "moment_id"),
        source=text_from(fields["source"], "source"),
        start_s=number_from(fields["start_s"], "start_s"),
        end_s=number_from(fields["end_s"], "end_s"),
        score=number_from(fields["score"], "score"),
        is_right=_whether(fields, "is_right"),
        condition=text_from(fields["condition"], "condition"),
    )


def _whether(fields: Mapping[str, Json], name: str) -> bool:
    if not isinstance(fields[name], bool):
        raise ValueError(f"{name!r} must be true or false")
    return bool(fields[name])
