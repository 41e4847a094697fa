"""Every rule against a moment, in the time of one matrix product and of the few rules that it brings up."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from domain.condition_faults import UNIT_TOLERANCE
from domain.condition_scores import CERTAIN, Scorer, Witness, named, scorer
from domain.conditions import VECTOR_NAMES, Graded, Picture, Space, Voice, graded_leaves, space_of
from domain.errors import BadEvent, BadRequest
from domain.events import MomentDescribed, Vector
from domain.moment_reading import Exact, LabelledMoment, Reading, ScoreOptions, wrong_size
from domain.moments import share_time
from domain.ports import Labels
from domain.rule_plainness import kinds_mask, plain_leaves
from domain.rule_rows import RuleRows, Scores
from domain.rule_triggers import Key, TriggerIndex, Triggers, keys_in, needed_at_once, triggers_of
from domain.rules import Rule, check_rule


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rule whose condition holds in a moment, with a score that is worth a look."""

    rule_id: str
    moment_id: str
    score: float  # standard score; CERTAIN when all that was asked for holds to the letter
    witnesses: tuple[Witness, ...]

    @property
    def is_certain(self) -> bool:
        return self.score == CERTAIN


Low: TypeAlias = tuple[str, float]  # id of a rule, and a score


@dataclass(slots=True)
class _Entry:
    rule: Rule
    scorer: Scorer
    triggers: Triggers
    needed: tuple[frozenset[Key], ...]
    sizes: set[tuple[str, int]]
    bars: dict[str, float]


class RuleBank:
    """Rules, to be matched with moments one by one. What it says of a rule does not hang on which others it holds.

    Not thread-safe. `match` says nothing of whether a score is enough: that is domain/rule_thresholds.py's.
    """

    def __init__(self, options: ScoreOptions | None = None) -> None:
        given = options or ScoreOptions()
        cohorts = {space: cohort.astype(np.float64) for space, cohort in given.cohorts.items()}
        self._options = replace(given, cohorts=cohorts)
        self._entries: dict[int, _Entry] = {}
        self._numbers: dict[str, int] = {}
        self._next_number = 0
        self._rows: dict[Space, RuleRows] = {}
        self._index = TriggerIndex()
        self._raised: dict[str, dict[int, float]] = {}  # bars by source and rule
        self._users: Counter[tuple[str, int]] = Counter()  # rules by name and size of the vectors they need

    def __len__(self) -> int:
        return len(self._entries)

    def rules(self) -> Iterator[Rule]:
        return (entry.rule for entry in self._entries.values())

    def get(self, rule_id: str) -> Rule:
        """Raises KeyError when there is none of this id."""
        return self._entries[self._numbers[rule_id]].rule

    def add(self, rule: Rule, vectors: Mapping[Graded, Vector] | None = None) -> None:
        """`vectors`, of unit length, for the graded leaves that don't hold their own. Replaces a rule of the same id.

        Raises BadRequest, and changes nothing, when the rule could never match, a vector is missing or has another size
        than those of the rules before it.
        """
        check_rule(rule)
        known = self._vectors(rule, vectors or {})
        triggers = triggers_of(rule.condition)
        if triggers is None:  # check_rule would have refused it
            raise BadRequest(f"the rule {rule.name!r} matches everything that is not excluded")
        self.remove(rule.id)
        number, self._next_number = self._next_number, self._next_number + 1
        likely = self._options.calibration.midpoint
        sizes = {(VECTOR_NAMES[space_of(leaf)], len(vector)) for leaf, vector in known.items()}
        self._entries[number] = _Entry(
            rule, scorer(rule.condition, known, likely), triggers, needed_at_once(rule.condition), sizes, {}
        )
        self._users.update(sizes)
        self._numbers[rule.id] = number
        self._index.add(number, triggers.keys)
        plain = plain_leaves(rule)
        for leaf in triggers.graded:
            space = space_of(leaf)
            if not self._rows.get(space):
                self._rows[space] = RuleRows(len(known[leaf]))
            rows = self._rows[space]
            rows.add(number, known[leaf], kinds_mask(plain.get(leaf, frozenset())))
            for source in rows.sources():
                rows.set_bar(number, source, self._bar(number, source))

    def remove(self, rule_id: str) -> None:
        """One that is not there is passed over."""
        number = self._numbers.pop(rule_id, None)
        if number is None:
            return
        entry = self._entries.pop(number)
        self._index.remove(number, entry.triggers.keys)
        self._users.subtract(entry.sizes)
        for rows in self._rows.values():
            rows.remove(number)

    def watch_from(self, rule_id: str, source: str, score: float) -> None:
        """Lower scores of this rule in this source are of no interest from now on."""
        number = self._numbers[rule_id]
        bars = self._entries[number].bars
        if bars.get(source, -math.inf) == score:
            return
        bars[source] = score
        for rows in self._rows.values():
            if rows.knows(source):
                rows.set_bar(number, source, self._bar(number, source))

    def raise_bar(self, rule_id: str, source: str, score: float) -> None:
        """Lower scores are of no interest until `lower_bars`. In a source that a moment of was matched."""
        number = self._numbers[rule_id]
        self._raised.setdefault(source, {})[number] = score
        for rows in self._rows.values():
            if rows.knows(source):
                rows.raise_bar(number, source, score)

    def lower_bars(self, source: str) -> None:
        """To what `watch_from` set them to."""
        self._raised.pop(source, None)
        for rows in self._rows.values():
            rows.lower_bars(source)

    def clear_bars(self) -> None:
        """Any score is of interest, of every rule in every source."""
        self._raised.clear()
        for entry in self._entries.values():
            entry.bars.clear()
        for rows in self._rows.values():
            rows.clear_bars()

    def check(self, moment: MomentDescribed) -> None:
        """Raises BadEvent when a vector of it is of another size than those of the rules: another encoder made it."""
        for name, size in self._sizes().items():
            vector = moment.vectors.get(name)
            if vector is not None and len(vector) != size:
                raise BadEvent(wrong_size(moment, name, size))

    def match(
        self, moment: MomentDescribed, labels: Labels, recent: Sequence[LabelledMoment] = (), raised: bool = True
    ) -> list[Candidate]:
        """The rules that hold in the moment with a score that is of interest, by id; `raised`: bars raised count.

        `recent` are moments to look at for what holds at the same time; those of other times and sources are passed
        over. Raises BadEvent when a vector is of another size than those of the rules: another encoder made it.
        """
        return self.match_apart(moment, labels, recent, raised)[0]

    def match_apart(
        self,
        moment: MomentDescribed,
        labels: Labels,
        recent: Sequence[LabelledMoment] = (),
        raised: bool = True,
        low: float = -math.inf,
    ) -> tuple[list[Candidate], list[Low]]:
        """As `match`, except that what is below `low` may come apart, where it can be worked out at once: without what
        witnesses it, and without rules that have hours or are decided by examples. Bars are raised by their scores."""
        self.check(moment)
        reading = Reading(LabelledMoment(moment, labels), self._options)
        numbers = self._index.pulled(moment.text, labels)
        lows, mask, may_raise = list[Low](), kinds_mask(frozenset((moment.modality,))), raised and moment.is_final
        for space, vector, rows in self._rows_for(reading):
            above = rows.above(moment.source, vector, reading.yardstick(space), raised)
            if low > -math.inf and len(above):
                plain = rows.plain(above, mask)
                places = above[plain]
                scores = rows.exact(places, vector, reading.yardstick(space))
                is_low = scores < low
                lows += zip(self._ids_of(rows.owners_of(places[is_low])), scores[is_low].tolist(), strict=True)
                if may_raise:
                    rows.raise_bars(places[is_low], moment.source, scores[is_low])
                above = np.concatenate((above[~plain], places[~is_low]))
            numbers |= set(rows.owners_of(above))
        return self._found(numbers, reading, recent, raised), lows

    def _found(
        self, numbers: Iterable[int], reading: Reading, recent: Sequence[LabelledMoment], raised: bool
    ) -> list[Candidate]:
        source = reading.moment.source
        raised_bars = self._raised.get(source, {}) if raised else {}
        near = self._near(reading.moment, recent) if numbers else []
        found, there = [], {key for each in (reading, *near) for key in keys_in(each.moment.text, each.labels)}
        for number in numbers:
            entry = self._entries[number]
            if any(there.isdisjoint(keys) for keys in entry.needed):
                continue
            candidate = _candidate(entry, reading, near)
            bar = max(entry.bars.get(source, -math.inf), raised_bars.get(number, -math.inf))
            if candidate is not None and candidate.score >= bar:
                found.append(candidate)
        return sorted(found, key=lambda each: each.rule_id)

    def match_only(
        self, rule_ids: Iterable[str], moment: LabelledMoment, recent: Sequence[LabelledMoment] = ()
    ) -> list[Candidate]:
        """What `match` has of these rules, whatever the score. Raises KeyError when one is not there, and BadEvent."""
        reading, near = Reading(moment, self._options), self._near(moment.moment, recent)
        entries = [self._entries[self._numbers[rule_id]] for rule_id in rule_ids]
        return [found for entry in entries if (found := _candidate(entry, reading, near)) is not None]

    def reading(self, labelled: LabelledMoment) -> Reading:
        return Reading(labelled, self._options)

    def at_most(self, rule_ids: Sequence[str], readings: Sequence[Reading]) -> Scores:
        """(readings, rules): no condition holds with a higher score, and where it is minus infinity it does not hold.
        Plus infinity where words, speakers or moods make it worth a look. Hours and sources are not looked at.

        Raises KeyError when a rule is not there.
        """
        numbers = [self._numbers[rule_id] for rule_id in rule_ids]
        found = np.full((len(readings), len(numbers)), -np.inf, np.float32)
        for space, rows in self._rows.items():
            at = [i for i, reading in enumerate(readings) if reading.vector(space) is not None]
            if at and rows:
                vectors = np.stack([vector for i in at if (vector := readings[i].vector(space)) is not None])
                yardsticks = [readings[i].yardstick(space) for i in at]
                means = np.asarray([yardstick.mean for yardstick in yardsticks])
                deviations = np.asarray([yardstick.deviation for yardstick in yardsticks])
                found[at] = np.maximum(found[at], rows.standard(numbers, vectors, means, deviations))
        columns = {number: column for column, number in enumerate(numbers)}
        for i, reading in enumerate(readings):
            pulled = self._index.pulled(reading.moment.text, reading.labels)
            found[i, [columns[number] for number in pulled if number in columns]] = np.inf
        return found

    def score(self, rule_id: str, reading: Reading, near: Sequence[Reading]) -> float | None:
        """With which score a condition holds, whatever it is. Raises KeyError when there is no such rule."""
        found = _candidate(self._entries[self._numbers[rule_id]], reading, near)
        return None if found is None else found.score

    def _near(self, moment: MomentDescribed, recent: Sequence[LabelledMoment]) -> list[Reading]:
        return [Reading(each, self._options) for each in recent if share_time(each.moment, moment)]

    def _rows_for(self, reading: Reading) -> Iterator[tuple[Space, Exact, RuleRows]]:
        """Those that the moment can be compared with, with bars in its source."""
        source = reading.moment.source
        for space, rows in self._rows.items():
            vector = reading.vector(space)
            if vector is not None and rows:
                if not rows.knows(source):
                    rows.set_bars(source, {number: self._bar(number, source) for number in rows.owners()})
                yield space, vector, rows

    def _ids_of(self, numbers: Iterable[int]) -> list[str]:
        return [self._entries[number].rule.id for number in numbers]

    def _bar(self, number: int, source: str) -> float:
        entry = self._entries[number]
        return entry.bars.get(source, -math.inf) if entry.rule.watches(source) else math.inf

    def _sizes(self) -> dict[str, int]:
        """Of the vectors that are compared, by name."""
        cohorts = {VECTOR_NAMES[space]: cohort.shape[1] for space, cohort in self._options.cohorts.items()}
        return cohorts | {name: size for (name, size), rules in self._users.items() if rules}

    def _vectors(self, rule: Rule, given: Mapping[Graded, Vector]) -> dict[Graded, Vector]:
        """Of every graded leaf. Raises BadRequest when one is missing or can't be compared."""
        known: dict[Graded, Vector] = {}
        sizes = self._sizes()
        for leaf in graded_leaves(rule.condition):
            space, what = space_of(leaf), f"the {space_of(leaf)} {named(leaf)[:40]!r} of the rule {rule.name!r}"
            vector = leaf.vector if isinstance(leaf, Picture | Voice) and leaf.vector else given.get(leaf, ())
            if not vector:
                raise BadRequest(f"{what} has no vector: encode it and hand it over with the rule")
            if abs(math.hypot(*vector) - 1.0) > UNIT_TOLERANCE:
                raise BadRequest(f"the vector of {what} is not of unit length")
            size = sizes.setdefault(VECTOR_NAMES[space], len(vector))
            if size != len(vector):
                raise BadRequest(f"{what} has {len(vector)} numbers, others {size}: another encoder made it")
            known[leaf] = vector
        return known


def _candidate(entry: _Entry, reading: Reading, near: Sequence[Reading]) -> Candidate | None:
    if not entry.rule.watches(reading.moment.source):
        return None
    holding = entry.scorer(reading, near)
    return None if holding is None else Candidate(entry.rule.id, reading.id, holding.score, holding.witnesses)
