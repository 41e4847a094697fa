"""Filters in a Qdrant server's terms."""

from __future__ import annotations

from collections.abc import Sequence

from qdrant_client import models as m

from domain.ports import MomentFilter
from search.conditions import AnyOf, Between, Condition, NotAll, OneWithAll, conditions


def with_ids(ids: Sequence[str]) -> m.Filter:
    # By id alone, an operation that meets one id which is not there fails; as a filter it passes over it.
    return m.Filter(must=[m.HasIdCondition(has_id=list(ids))])


def server_filter(where: MomentFilter) -> m.Filter | None:
    must = [_condition(each) for each in conditions(where)]
    return m.Filter(must=must) if must else None


def _condition(condition: Condition) -> m.Condition:
    match condition:
        case AnyOf(field, values):
            return m.FieldCondition(key=field, match=m.MatchAny(any=list(values)))
        case Between(field, low, high):
            return m.FieldCondition(key=field, range=m.Range(gte=low, lte=high))
        case OneWithAll(field, inner):
            filter = m.Filter(must=[_condition(each) for each in inner])
            return m.NestedCondition(nested=m.Nested(key=field, filter=filter))
        case NotAll(inner):
            return m.Filter(must_not=[m.Filter(must=[_condition(each) for each in inner])])
