"""Rules whose score is a likeness and nothing else: their scores of a moment can be worked out all at once."""

from __future__ import annotations

from collections.abc import Mapping

from domain.conditions import AllOf, AnyOfThem, Condition, Graded, OfKind, graded_leaves, modalities_of
from domain.events import MODALITIES, Modality
from domain.rules import Rule


def plain_leaves(rule: Rule) -> Mapping[Graded, frozenset[Modality]]:
    """Leaves with the kinds of moment in which the rule's score is the leaf's, always and by itself."""
    if rule.hours is not None or rule.decided_by != "budget":
        return {}
    return _plain(rule.condition)


def kinds_mask(kinds: frozenset[Modality]) -> int:
    """One bit a kind."""
    return sum(1 << at for at, kind in enumerate(MODALITIES) if kind in kinds)


def _plain(condition: Condition) -> dict[Graded, frozenset[Modality]]:
    match condition:
        case AllOf(parts):
            graded = [part for part in parts if not isinstance(part, OfKind)]
            found = _plain(graded[0]) if len(graded) == 1 else {}
            return {leaf: kinds & modalities_of(condition) for leaf, kinds in found.items()}
        case AnyOfThem(parts):
            if any(list(graded_leaves(part)) != [part] for part in parts):
                return {}
            leaves = {leaf: modalities_of(leaf) for part in parts for leaf in graded_leaves(part)}
            return {
                leaf: kinds - frozenset[Modality]().union(*(its for other, its in leaves.items() if other != leaf))
                for leaf, kinds in leaves.items()
            }
        case _:
            return {leaf: modalities_of(leaf) for leaf in graded_leaves(condition) if leaf == condition}
