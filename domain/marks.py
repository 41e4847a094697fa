"""People say of a match whether it was right: what a rule learns from."""

from __future__ import annotations

from dataclasses import replace

from domain.errors import BadRequest
from domain.incident_events import Match
from domain.rules import MOST_MARKS, Mark, Rule


def marked(rule: Rule, match: Match, is_right: bool) -> Rule:
    """The rule with this match among its marks, in place of what was said of the same moment before; the oldest of too
    many are left out.

    Raises BadRequest for a match of another rule, and for one to the letter, which has no score to learn from.
    """
    if match.rule_id != rule.id:
        raise BadRequest("this is a match of another rule")
    if match.is_certain:
        raise BadRequest(
            "it matched to the letter: no likeness is there to judge; change the words of the rule instead"
        )
    mark = Mark(
        match.moment_id, match.source, match.start_s, match.end_s, match.score, is_right, rule.condition_id
    )  # fmt: skip
    others = [each for each in rule.marks if each.moment_id != match.moment_id]
    return replace(rule, marks=(*others, mark)[-MOST_MARKS:])


def unmarked(rule: Rule, moment_id: str) -> Rule:
    return replace(rule, marks=tuple(each for each in rule.marks if each.moment_id != moment_id))
