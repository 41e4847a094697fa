"""Moments as they are stored, against the rules at work."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import zip_longest

from domain.alerts import AlertRaised
from domain.described_time import DescribedTime
from domain.errors import BadEvent
from domain.events import MODALITIES, CoverageAdvanced, Modality, MomentDescribed, MomentWithdrawn
from domain.log_places import Place
from domain.moment_reading import LabelledMoment
from domain.moments import moment_id
from domain.ports import Labels, MomentFilter, MomentStore
from domain.proven_time import ProvenTime
from search.just_stored import JustStored
from search.labelled_moments import SameSpeaker, labelled, widened
from search.moment_history import is_ahead
from search.rules_at_work import RulesAtWork

RECENT_S = 120.0  # as RuleWatch's: moments that may still be paired after a restart
STORED_WITHIN_S = 10.0  # what is not stored by then was refused
IDLE_S = 5.0  # a source that is silent for longer gets older by the clock on the wall
_AT_ONCE = 1000
_REMEMBERED = 64  # descriptions of a source's time: more than there are of the last RECENT_S


class RuleMatching:
    """Blocks. For one thread.

    Labels are those that the store gave the moment: who is heard in a scene is known when the speech is. So a final
    utterance brings the scenes around it up again. A moment that comes twice counts once.
    """

    def __init__(self, rules: RulesAtWork, store: MomentStore, stored: JustStored, same_speaker: SameSpeaker) -> None:
        self._rules, self._store, self._stored, self._same_speaker = rules, store, stored, same_speaker
        self._proven = ProvenTime()  # that all facts there are were read
        self._heard: dict[str, tuple[float, float]] = {}  # by source: proven time, and how far it had got
        self._described: defaultdict[tuple[str, Modality], DescribedTime] = defaultdict(
            lambda: DescribedTime(_REMEMBERED)
        )
        self._is_new = True

    def match(
        self,
        facts: Sequence[MomentDescribed | MomentWithdrawn | CoverageAdvanced],
        now_s: float,
        places: Sequence[Place] = (),
        end_s: float | None = None,
    ) -> list[AlertRaised]:
        """What is to be told, in order. `places`: where each fact stands; one that was read before is passed over.
        `end_s`: when the broker last told that no more facts wait; None: some do, or it is not known.

        Raises what the store raises, having changed nothing: it can be asked again.
        """
        if end_s is not None:
            self._proven.push(end_s)
        asked = self._rules.ask_for()
        if not asked.anything:
            return []
        placed = [each for each in zip_longest(facts, places) if each[1] is None or not self._rules.has_read(each[1])]
        finals = [fact for fact, _ in placed if isinstance(fact, MomentDescribed) and fact.is_final]
        again = self._labelled(finals) if asked.labels else {}
        if self._is_new and asked.at_once:
            self._rules.recall(self._recent())
        alerts, self._is_new = list[AlertRaised](), False
        for fact, place in placed:
            if isinstance(fact, MomentDescribed) and fact.is_final:
                alerts += self._rules.push(again.get(moment_id(fact)) or [LabelledMoment(fact)], place)
            elif isinstance(fact, CoverageAdvanced) and not is_ahead(fact, now_s):
                alerts += self._rules.tick(fact.source, fact.until_s)
            if asked.at_once:
                self._withdraw(fact)
            if place is not None:
                self._rules.note_read(place)
        return [*alerts, *self._tick({fact.source for fact, _ in placed})]

    def _withdraw(self, fact: MomentDescribed | MomentWithdrawn | CoverageAdvanced) -> None:
        """Pairs are made of what is in the index."""
        if isinstance(fact, MomentWithdrawn):
            gone = moment_id(fact)
            self._rules.withdraw(fact.source, lambda moment: moment_id(moment) == gone)
        elif isinstance(fact, CoverageAdvanced) and fact.modality != "text":
            described = self._described[fact.source, fact.modality]
            described.cover(fact)
            self._rules.withdraw(
                fact.source,
                lambda moment: (
                    moment.modality == fact.modality
                    and described.is_replaced_by(fact, moment_id(moment), moment.start_s, moment.end_s)
                ),
            )

    def _recent(self) -> list[LabelledMoment]:
        """After a restart the latest moments come again, so that what is at the same time finds its pair."""
        found: list[LabelledMoment] = []
        for source, clock_s in self._rules.clocks_s().items():
            where = MomentFilter((source,), clock_s - RECENT_S, clock_s, only_final=True)
            pages = [self._store.newest(kind, where, _AT_ONCE, with_vectors=True) for kind in MODALITIES]
            found += labelled((row for page in pages for row in page), self._same_speaker)
        return found

    def _labelled(self, moments: Sequence[MomentDescribed]) -> dict[str, list[LabelledMoment]]:
        """By id: the moment with its labels, and the scenes that it brings up again."""
        sound = [moment for moment in moments if self._can_be_stored(moment)]
        self._stored.wait(map(moment_id, sound), STORED_WITHIN_S)
        labels: dict[str, Labels] = {}
        for modality in dict.fromkeys(moment.modality for moment in sound):
            ids = [moment_id(moment) for moment in sound if moment.modality == modality]
            labels |= {row.id: row.labels for row in self._store.get(modality, ids)}
        found = {}
        for moment in moments:
            own = LabelledMoment(moment, widened(labels.get(moment_id(moment), Labels()), self._same_speaker))
            scenes = self._scenes_during(moment) if moment.modality == "speech" else []
            found[moment_id(moment)] = [own, *scenes]
        return found

    def _can_be_stored(self, moment: MomentDescribed) -> bool:
        try:
            self._store.check([moment])
        except BadEvent:
            return False
        return True

    def _scenes_during(self, utterance: MomentDescribed) -> list[LabelledMoment]:
        where = MomentFilter((utterance.source,), utterance.start_s, utterance.end_s, only_final=True)
        rows = self._store.newest("scene", where, _AT_ONCE, with_vectors=True)
        return labelled(rows, self._same_speaker)

    def _tick(self, heard: Iterable[str]) -> list[AlertRaised]:
        """Where nothing comes, time goes on too: an incident ends though its source has. Not while the broker is away
        or this node was stopped: then there may be more of the source."""
        clocks_s, alerts = self._rules.clocks_s(), list[AlertRaised]()
        for source, clock_s in clocks_s.items():
            if source in heard or source not in self._heard:
                self._heard[source] = self._proven.proven_s, clock_s
                continue
            heard_s, then_s = self._heard[source]
            if (silent_s := self._proven.silence_s(heard_s)) > IDLE_S:
                alerts += self._rules.tick(source, then_s + silent_s)
        return alerts
