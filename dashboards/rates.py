"""How often, and how long, in words. Pure."""

from __future__ import annotations

_SPANS = ((24.0, "an hour"), (1.0, "a day"), (1 / 7, "a week"), (1 / 30, "a month"), (1 / 365, "a year"))
BUDGETS = tuple(per_day for per_day, _ in _SPANS)  # what a rule's false alarms can be set to, the most first


def how_often(per_day: float) -> str:
    """0.14 is "one a week"; rounded to what people plan with."""
    if not per_day > 0:
        return "hardly ever"
    for unit_per_day, unit in _SPANS:
        count = per_day / unit_per_day
        if count >= 0.75:
            return f"{'one' if round(count) == 1 else f'{round(count):,}'} {unit}"
    return "less than one a year"


def how_long(hours: float) -> str:
    """About so long: minutes, hours or days."""
    for unit_hours, unit in ((24.0, "day"), (1.0, "hour")):
        count = hours / unit_hours
        if count >= (2 if unit == "day" else 1):
            return f"{count:.0f} {unit}{'' if round(count) == 1 else 's'}"
    minutes = max(round(hours * 60), 1)
    return f"{minutes} minute{'' if minutes == 1 else 's'}"


def told_words(incidents: int, days: float, per_day: str) -> str:
    """`per_day` is how often that is, in words; empty when nothing was watched."""
    count = "nothing" if not incidents else f"{incidents:,} incident{'' if incidents == 1 else 's'}"
    watched = f"{days:.1f} days" if days >= 1 else f"{days * 24:.1f} hours" if days * 24 >= 1 else "less than an hour"
    rate = f": about {per_day}" if incidents and per_day and days * 24 >= 1 else ""
    return f"It would have told {count} in {watched} watched{rate}."
