"""Filters in Qdrant Edge's terms."""

from __future__ import annotations

from collections.abc import Sequence

import qdrant_edge as edge

from domain.ports import MomentFilter
from search.conditions import AnyOf, Between, Condition, NotAll, OneWithAll, conditions

_ROUNDING_S = 0.001  # times are Unix seconds as floats


def with_ids(ids: Sequence[str]) -> edge.Filter:
    # By id alone, an operation that meets one id which is not there fails; as a filter it passes over it.
    return edge.Filter(must=[edge.HasIdCondition(set(ids))])


def edge_filter(where: MomentFilter, longest_s: float | None = None) -> edge.Filter | None:
    """`longest_s`: no moment that is asked about lasts longer. Of two ranges without an end, on two fields, the engine
    can't tell that few moments lie in both; of one with two ends it can."""
    found = conditions(where)
    if where.since_s is not None and longest_s is not None:
        found = [each for each in found if not (isinstance(each, Between) and each.field == "start_s")]
        found.append(Between("start_s", where.since_s - longest_s - _ROUNDING_S, where.until_s))
    must = [_condition(each) for each in found]
    return edge.Filter(must=list(must)) if must else None


def _condition(condition: Condition) -> edge.FieldCondition | edge.NestedCondition | edge.Filter:
    match condition:
        case AnyOf(field, values):
            return edge.FieldCondition(field, match=edge.MatchAny(list(values)))
        case Between(field, low, high):
            return edge.FieldCondition(field, range=edge.RangeFloat(gte=low, lte=high))
        case OneWithAll(field, inner):
            return edge.NestedCondition(field, edge.Filter(must=[_condition(each) for each in inner]))
        case NotAll(inner):
            return edge.Filter(must_not=[edge.Filter(must=[_condition(each) for each in inner])])
