"""What the page says of a rule, worked out from the search node's answer. Pure, plain text."""

from __future__ import annotations

from dataclasses import dataclass

from dashboards.rates import how_long, how_often
from dashboards.rule_answers import Rule, Threshold
from dashboards.rule_words import is_to_the_letter


@dataclass(frozen=True, slots=True)
class SourceLine:
    """How often a rule tells in one source, and how that is known."""

    source: str
    words: str
    evidence: str
    percent_known: int | None  # while it is warming up: how much of the watching that it needs is done


@dataclass(frozen=True, slots=True)
class RuleCard:
    id: str
    name: str
    query: str
    is_paused: bool
    open_incidents: int
    facts: tuple[tuple[str, str], ...]  # what, and how it is
    lines: tuple[SourceLine, ...]
    warnings: tuple[str, ...]


def rule_card(rule: Rule, warnings: tuple[str, ...] = ()) -> RuleCard:
    """`warnings` are those of the rule that stand nowhere else on the page."""
    by_examples = rule.decided_by == "examples"
    budget = (
        "what is marked right and wrong" if by_examples else f"at most about {how_often(rule.false_alarms_per_day)}"
    )
    facts = [
        ("like", rule.like),
        ("where", ", ".join(rule.sources) or "all sources"),
        ("when", rule.hours or "always"),
        ("tells", ", ".join(rule.webhooks) or "nobody: shown here"),
        ("decided by" if by_examples else "false alarms", budget),
        ("marked", f"{rule.marked_right} right, {rule.marked_wrong} wrong"),
        ("kept back", ", ".join(f"{count:,} {reason}" for reason, count in rule.suppressed.items() if count)),
    ]
    if not rule.like and is_to_the_letter(rule.query):
        # It has no likeness that could be too small, or marked.
        held = ("held", "to the letter: it tells at once")
        facts = [held if fact[0] in ("decided by", "false alarms") else fact for fact in facts if fact[0] != "marked"]
        lines: tuple[SourceLine, ...] = ()
    else:
        lines = tuple(source_line(source, each) for source, each in sorted(rule.thresholds.items()))
    return RuleCard(
        rule.id, rule.name, rule.query, rule.state == "paused", rule.open_incidents,
        tuple((what, how) for what, how in facts if how), lines, warnings,
    )  # fmt: skip


def source_line(source: str, threshold: Threshold) -> SourceLine:
    watched, missing = threshold.hours_watched, threshold.hours_missing
    if threshold.is_warming_up:
        known = round(100 * watched / (watched + missing)) if watched + missing > 0 else 0
        words = f"warming up: about {how_long(missing)} missing"
        return SourceLine(source, words, "until then it tells only what holds to the letter", min(known, 99))
    rate = "" if threshold.expected_per_day is None else f"about {how_often(threshold.expected_per_day)}"
    floor = "" if threshold.likelihood is None else f"from {100 * threshold.likelihood:.0f} % likeness on"
    return SourceLine(source, ", ".join(part for part in (rate, floor) if part) or "it tells", threshold.note, None)
