"""The log of moments, as a rule would have seen it come."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from domain.backtest import Past
from domain.conditions import MoodIs, Not, Speaker, Voice, walk
from domain.events import CoverageAdvanced, Modality, MomentDescribed
from domain.moment_reading import LabelledMoment
from domain.ports import Labels, MomentLog, MomentStore
from domain.rules import Rule
from search.labelled_moments import SameSpeaker, widened
from search.moment_history import Span, span_of
from search.replay_reading import KeptMoment, LogReading, read_back
from search.speakers import VOICE

WITHIN_S = 20.0
_WINDOW = 512
_LABELLED: tuple[Modality, ...] = ("scene", "speech")


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What the log did not have of some time, of a rule that was tried on it."""

    left_out: int  # records that are damaged, or whose moments the store would refuse
    is_out_of_time: bool  # reading was cut short: what was written earlier was not read, though it may be of that time
    not_stored: int | None  # moments; None of a rule that asks for no speaker, mood or voice


class ReplayedHistory:
    """For one rule: the first question reads the log, and what was read is kept.

    Labels are not in the log. They are those that the store has, as for live matching: a moment that is not stored has
    none. Nor has it a voice. For a rule that asks what is not there (`Not`) of these it is left out: nobody can say
    that it holds. An utterance that is stored without a voice has none here either: who was forgotten (Speakers.forget)
    is not to be found by what the log still holds, and what is not stored can't say whether it was forgotten. Nothing
    else is deleted from the store at somebody's wish yet: what will be must be asked for here too.
    """

    def __init__(
        self,
        log: MomentLog,
        store: MomentStore,
        same_speaker: SameSpeaker,
        most: int,
        days: float = math.inf,
        within_s: float = WITHIN_S,
    ) -> None:
        """`most` moments are read, of the last `days`."""
        self._log, self._store, self._same_speaker = log, store, same_speaker
        self._most, self._days, self._within_s = most, days, within_s
        self._read: tuple[Rule, LogReading] | None = None
        self._not_stored: dict[str, float] = {}  # when each began

    def latest(self, rule: Rule, days: float, most: int, before_s: float | None = None) -> Span | None:
        """As `MomentHistory.latest`. Raises ConnectionError when the log can't be read."""
        facts = self._reading(rule).facts
        starts_s = (each.bare.start_s for each in facts if isinstance(each, KeptMoment) and each.is_watched)
        return span_of(starts_s, days, most, before_s)

    def windows(self, rule: Rule, since_s: float, until_s: float) -> Iterator[Sequence[Past]]:
        """In the order they came. Raises ConnectionError when the log can't be read."""
        window: list[KeptMoment | CoverageAdvanced] = []
        for each in self._reading(rule).facts:
            if _is_within(each, since_s, until_s):
                window.append(each)
            if len(window) == _WINDOW:
                yield self._labelled(rule, window)
                window = []
        if window:
            yield self._labelled(rule, window)

    def report(self, rule: Rule, since_s: float = -math.inf) -> ReplayReport:
        """Of what was asked for so far, from then on."""
        reading = self._reading(rule)
        left_out = sum(at_s >= since_s for at_s in reading.left_out)
        not_stored = sum(start_s >= since_s for start_s in self._not_stored.values())
        asks = _asks_for(rule, Speaker, MoodIs, Voice)
        is_out_of_time = reading.is_out_of_time and reading.since_s > since_s
        return ReplayReport(left_out, is_out_of_time, not_stored if asks else None)

    def _reading(self, rule: Rule) -> LogReading:
        if self._read is None or self._read[0] != rule:
            self._not_stored.clear()
            try:
                reading = read_back(self._log, rule, self._check, self._most, self._within_s, self._days)
            except ConnectionError as error:
                raise ConnectionError(f"{error}. Over what is stored the rule can be tried all the same") from error
            self._read = rule, reading
        return self._read[1]

    def _check(self, moment: MomentDescribed) -> None:
        self._store.check([moment])

    def _labelled(self, rule: Rule, window: list[KeptMoment | CoverageAdvanced]) -> list[Past]:
        labels, voiced = self._stored(rule, [each for each in window if isinstance(each, KeptMoment)])
        past: list[Past] = []
        needs_labels = _asks_for_none(rule)
        for each in window:
            if isinstance(each, CoverageAdvanced):
                past.append(each)
            elif not (needs_labels and each.id in self._not_stored):
                moment = each.whole(but=None if each.id in voiced else VOICE)
                past.append(LabelledMoment(moment, labels.get(each.id, Labels())))
        return past

    def _stored(self, rule: Rule, moments: Sequence[KeptMoment]) -> tuple[dict[str, Labels], set[str]]:
        """By id, what the store knows of them, as far as the rule asks; and those that have their voice there."""
        labels, voiced = dict[str, Labels](), set[str]()
        hears = _asks_for(rule, Voice)
        if not (hears or _asks_for(rule, Speaker, MoodIs)):
            return labels, voiced
        for modality in _LABELLED:
            starts_s = {
                each.id: each.bare.start_s for each in moments if each.is_watched and each.bare.modality == modality
            }
            rows = self._store.get(modality, list(starts_s), with_vectors=hears and modality == "speech")
            labels |= {row.id: widened(row.labels, self._same_speaker) for row in rows}
            voiced |= {row.id for row in rows if VOICE in row.moment.vectors}
            stored = {row.id for row in rows}
            self._not_stored |= {id: start_s for id, start_s in starts_s.items() if id not in stored}
        return labels, voiced


def _is_within(fact: KeptMoment | CoverageAdvanced, since_s: float, until_s: float) -> bool:
    if isinstance(fact, CoverageAdvanced):  # it may lie ahead of moments that are still to come
        return fact.until_s >= since_s
    return since_s <= fact.bare.start_s < until_s


def _asks_for(rule: Rule, *parts: type[Speaker] | type[MoodIs] | type[Voice]) -> bool:
    return any(isinstance(each, parts) for each in walk(rule.condition))


def _asks_for_none(rule: Rule) -> bool:
    """Whether it asks for a speaker, mood or voice that is not there."""
    absent = (each.part for each in walk(rule.condition) if isinstance(each, Not))
    return any(isinstance(each, Speaker | MoodIs | Voice) for part in absent for each in walk(part))
