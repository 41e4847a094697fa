"""Who says what: the speakers of this node, and the labels that moments carry for them.

A moment carries the ids of its speakers and nothing else of them; names, merges and enrolments live with the speaker.
So a name given today holds for everything heard before, without a vector made again. A voice vector is kept only of an
utterance that has a speaker: what no speaker leads to could not be found again when that voice is to be forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from threading import Lock
from typing import TypeVar

from domain.errors import BadEvent, BadRequest
from domain.events import CoverageAdvanced, Modality, MomentDescribed, MomentWithdrawn, Vector
from domain.moments import moment_id
from domain.mood import judge
from domain.ports import Labels, MomentFilter, MomentStore, SpeakerStore, StoredMoment
from domain.speaker_book import SpeakerBook
from domain.speakers import Speaker
from search.scene_labels import Speech, pictured_moods, scene_labels, spans
from search.stale_moments import StaleMoments

VOICE = "voice"  # the vector's name
_AT_ONCE = 10_000  # moments of one look-up: more than a stretch of speech or scenes holds
_NAMED = 20  # speakers listed to who asked for one there is not
T = TypeVar("T")


class UnknownSpeaker(BadRequest):
    """Nobody is meant. The message says who there is."""


class Speakers:
    """The speakers and the store of moments, kept in step. Blocks; thread-safe.

    One node owns it: two that write to one store would each number the voices they hear.
    """

    def __init__(self, moments: MomentStore, speakers: SpeakerStore, voice_size: int) -> None:
        self._moments = moments
        self._kept = speakers
        self._voice_size = voice_size
        self._book = SpeakerBook(speakers.load(), last_number=speakers.last_number())
        self._writing = Lock()  # held while the stores are written to
        self._reading = Lock()  # held only while the book is asked, so that searches never wait for a store
        self._unsaved: dict[str, Speaker] = {}
        self._covered_s: dict[str, float] = {}  # by source: speech is complete up to there
        self._stale = StaleMoments(moments)

    def store(self, facts: Sequence[MomentDescribed | MomentWithdrawn], stored_s: float) -> None:
        """Stores what was described, with its labels, and deletes what was withdrawn, in the order of `facts`.

        An utterance gets its speaker and mood when it is final, and keeps them: the same facts again change nothing.
        Nor does text that is not final yet take the place of a final one, or come where speech is complete. Every scene
        carries the speakers and moods of the final speech heard during it, whichever comes first. Raises BadEvent, and
        what the stores raise.
        """
        with self._writing:
            last = _last_of_each(facts)
            self._check([fact for fact in last.values() if isinstance(fact, MomentDescribed)])
            known = self._during("speech", [fact for fact in last.values() if fact.modality == "speech"])
            described = {
                id: replace(fact, cues=known[id].moment.cues) if id in known else fact  # they may have been forgotten
                for id, fact in last.items()
                if isinstance(fact, MomentDescribed)
                if fact.is_final or (id not in known and not self._is_late(fact))
            }
            heard = {id: fact for id, fact in described.items() if fact.modality == "speech" and fact.is_final}
            labels = {id: known[id].labels if id in known else self._hear(id, fact) for id, fact in heard.items()}
            self._save(self._ask(lambda book: book.take_changed()))
            scenes = {id: fact for id, fact in described.items() if fact.modality == "scene"}
            others = {id: fact for id, fact in described.items() if id not in scenes}
            self._moments.upsert([_kept(fact, labels.get(id)) for id, fact in others.items()], stored_s, labels)
            withdrawn = [(fact.modality, id) for id, fact in last.items() if isinstance(fact, MomentWithdrawn)]
            for modality in dict.fromkeys(modality for modality, _ in withdrawn):
                self._moments.delete(modality, [id for of, id in withdrawn if of == modality])
            speech = Speech(self._during("speech", scenes.values()).values())
            seen = {id: scene_labels(fact, [judge(fact.cues, {})], speech) for id, fact in scenes.items()}
            self._moments.upsert(list(scenes.values()), stored_s, seen)
            self._stale.stored(fact for fact in described.values() if fact.is_final)
            before = [known[id].moment for id in last if id in known]  # it may have been longer, or be gone
            self._relabel_scenes([*heard.values(), *before], but=scenes)

    def settle(self, covered: Iterable[CoverageAdvanced]) -> None:
        """Deletes what is not there any more now that these are complete: text that is not final, whose final one will
        not come, and moments that an earlier description of this time made and the latest did not.

        A speaker keeps what was learnt of the voice of an utterance that is deleted: the same sound was described.
        """
        covered = list(covered)
        with self._writing:
            gone: list[str] = []
            for source, until_s in _furthest(covered).items():
                self._covered_s[source] = max(until_s, self._covered_s.get(source, until_s))
                where = MomentFilter((source,), until_s=until_s, only_provisional=True)
                late = self._moments.newest("speech", where, _AT_ONCE)
                gone += [each.id for each in late if self._is_late(each.moment)]
            stale = self._stale.find(covered)
            utterances = [moment for moment in stale.values() if moment.modality == "speech"]
            self._moments.delete("speech", gone + [id for id, each in stale.items() if each.modality == "speech"])
            self._moments.delete("scene", [id for id, each in stale.items() if each.modality == "scene"])
            self._relabel_scenes(utterances)
            self._stale.settled(covered)

    def flush(self) -> None:
        """Everything stored is on the disk when it returns."""
        self._moments.flush()
        self._kept.flush()

    def all(self) -> list[Speaker]:
        return self._ask(lambda book: book.speakers())

    def resolve(self, who: str) -> tuple[str, ...]:
        """Every id meant by an id, a name or a label ("speaker 7"); none when nobody is."""
        return self._ask(lambda book: book.resolve(who))

    def label(self, id: str) -> str | None:
        """What people call the speaker of an id that a moment carries."""
        speaker = self._of(id)
        return None if speaker is None else speaker.label

    def likeness(self, id: str, voices: Sequence[Vector]) -> list[float | None]:
        """How alike each unit vector is to the speaker's voice; None where it is surely another's, or of another size.

        Many at once take little more time than one.
        """
        comparable = [voice for voice in voices if len(voice) == self._voice_size]
        alike = iter(self._ask(lambda book: book.likeness(id, comparable)))
        return [next(alike) if len(voice) == self._voice_size else None for voice in voices]

    def nobody(self, who: str) -> str:
        """What to tell who asks for a speaker there is not."""
        labels = [speaker.label for speaker in self.all()]
        if not labels:
            return f"there is no speaker {who[:80]!r}: nobody has been heard yet"
        more = f" and {len(labels) - _NAMED} more (/speakers lists them)" if len(labels) > _NAMED else ""
        return f"there is no speaker {who[:80]!r}; there are {', '.join(labels[:_NAMED])}{more}"

    def find(self, who: str) -> Speaker:
        """Raises UnknownSpeaker."""
        for speaker in map(self._of, self.resolve(who)):
            if speaker is not None:
                return speaker
        raise UnknownSpeaker(self.nobody(who))

    def enrol(self, name: str, voice: Vector, consent: str, now_s: float) -> Speaker:
        """The named speaker of a recording; a voice already heard gets the name. Raises BadRequest."""
        with self._decided():
            self._save(self._ask(lambda book: book.enrol(name, voice, consent, now_s)))
            return self.find(name)

    def rename(self, who: str, name: str) -> Speaker:
        """Raises BadRequest."""
        with self._decided():
            speaker = self.find(who)
            self._save(self._ask(lambda book: book.name(speaker.id, name)))
            return self.find(speaker.id)

    def merge(self, who: str, into: str) -> Speaker:
        """The two are one from now on, and were. Raises BadRequest."""
        with self._decided():
            gone, stays = self.find(who), self.find(into)
            self._save(self._ask(lambda book: book.merge(gone.id, stays.id)))
            return self.find(stays.id)

    def split(self, who: str) -> list[Speaker]:
        """Tells two voices under one speaker apart, by its utterances; of more than 10,000 by the latest.

        Raises BadRequest when they are one voice.
        """
        with self._decided():
            speaker = self.find(who)
            where = MomentFilter(speakers=self.resolve(speaker.id))
            rows = {row.id: row for row in self._moments.newest("speech", where, _AT_ONCE, with_vectors=True)}
            voices = {id: row.moment.vectors[VOICE] for id, row in rows.items() if VOICE in row.moment.vectors}
            changed, moved = self._ask(lambda book: book.split(speaker.id, voices))
            self._save(changed)
            labels = {
                id: Labels((new,), tuple(replace(mood, speaker=new) for mood in rows[id].labels.moods))
                for id, new in moved.items()
            }
            self._moments.relabel("speech", labels)
            self._relabel_scenes([rows[id].moment for id in moved])
            return [self.find(id) for id in dict.fromkeys((speaker.id, *moved.values()))]

    def forget(self, who: str) -> None:
        """Deletes the speaker for good: name, vectors, and every label on what was heard. Raises UnknownSpeaker.

        The words stay. Should it fail half way, it can be asked for again.
        """
        with self._decided():
            speaker = self.find(who)
            ids = self.resolve(speaker.id)
            where = MomentFilter(speakers=ids)
            while utterances := self._moments.newest("speech", where, _AT_ONCE):
                self._moments.delete_voices([each.id for each in utterances])
            while scenes := self._moments.newest("scene", where, _AT_ONCE):
                self._relabel(scenes)
            self._kept.delete(ids)
            for id in {*ids, *self._ask(lambda book: book.forget(speaker.id))}:
                self._unsaved.pop(id, None)

    @contextmanager
    def _decided(self) -> Iterator[None]:
        """For what a person asked for: on the disk before it is answered."""
        with self._writing:
            yield
            self.flush()

    def _ask(self, question: Callable[[SpeakerBook], T]) -> T:
        with self._reading:
            return question(self._book)

    def _of(self, id: str) -> Speaker | None:
        return self._ask(lambda book: book.label(id))

    def _hear(self, id: str, utterance: MomentDescribed) -> Labels:
        speaker = self._recognise(id, utterance)
        mood = judge(utterance.cues, self._ask(lambda book: book.usual(id)), utterance.text)
        if speaker is None:
            return Labels((), (mood,))
        return Labels((speaker.id,), (replace(mood, speaker=speaker.id),))

    def _check(self, described: Sequence[MomentDescribed]) -> None:
        """Before any is heard: one that is refused must found no speaker."""
        for each in described:
            if each.modality == "speech" and len(each.vectors.get(VOICE, ())) not in (0, self._voice_size):
                raise BadEvent(
                    f"the voice vector has {len(each.vectors[VOICE])} numbers; this node's encoder makes "
                    f"{self._voice_size}: run worker and node with the same NOWSEEN_VOICES"
                )
        self._moments.check(described)

    def _is_late(self, fact: MomentDescribed) -> bool:
        return (
            fact.modality == "speech"
            and not fact.is_final
            and fact.end_s <= self._covered_s.get(fact.source, float("-inf"))
        )

    def _recognise(self, id: str, utterance: MomentDescribed) -> Speaker | None:
        voice = utterance.vectors.get(VOICE)
        if voice is None:
            return None
        measured = {cue.what: cue.measured for cue in utterance.cues if cue.measured is not None}
        spoken_s = utterance.end_s - utterance.start_s
        return self._ask(lambda book: book.hear(id, voice, spoken_s, utterance.start_s, utterance.source, measured))

    def _save(self, changed: Iterable[Speaker]) -> None:
        """What could not be saved, the store being down, is saved with the next change."""
        self._unsaved |= {speaker.id: speaker for speaker in changed}
        if self._unsaved:
            self._kept.save(list(self._unsaved.values()))
            self._unsaved = {}

    def _during(
        self, modality: Modality, facts: Iterable[MomentDescribed | MomentWithdrawn]
    ) -> dict[str, StoredMoment]:
        """Final moments in the store at the times of `facts`, and some around them, by id."""
        found: dict[str, StoredMoment] = {}
        for source, since_s, until_s in spans(facts):
            where = MomentFilter((source,), since_s, until_s, only_final=True)
            found |= {each.id: each for each in self._moments.newest(modality, where, _AT_ONCE)}
        return found

    def _relabel_scenes(self, utterances: Sequence[MomentDescribed], but: Iterable[str] = ()) -> None:
        """Every stored scene at their times, except `but` these."""
        scenes = self._during("scene", utterances)
        self._relabel([scene for id, scene in scenes.items() if id not in set(but)])

    def _relabel(self, scenes: Sequence[StoredMoment]) -> None:
        speech = Speech(self._during("speech", [scene.moment for scene in scenes]).values())
        labels = {scene.id: scene_labels(scene.moment, pictured_moods(scene.labels), speech) for scene in scenes}
        if labels:
            self._moments.relabel("scene", labels)


def _last_of_each(
    facts: Iterable[MomentDescribed | MomentWithdrawn],
) -> dict[str, MomentDescribed | MomentWithdrawn]:
    """By moment id, what was said of it last; but text that is not final never follows a final one."""
    last: dict[str, MomentDescribed | MomentWithdrawn] = {}
    for fact in facts:
        id = moment_id(fact)
        before = last.get(id)
        provisional = isinstance(fact, MomentDescribed) and not fact.is_final
        if not (provisional and isinstance(before, MomentDescribed) and before.is_final):
            last[id] = fact
    return last


def _furthest(covered: Iterable[CoverageAdvanced]) -> dict[str, float]:
    """By source, up to when speech is complete."""
    until_s: dict[str, float] = {}
    for each in covered:
        if each.modality == "speech":
            until_s[each.source] = max(each.until_s, until_s.get(each.source, each.until_s))
    return until_s


def _kept(moment: MomentDescribed, labels: Labels | None) -> MomentDescribed:
    """The moment without its voice vector when it has no speaker."""
    if labels is not None and labels.speakers:
        return moment
    return replace(moment, vectors={name: vector for name, vector in moment.vectors.items() if name != VOICE})
