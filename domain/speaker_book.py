"""Voices told apart as they come, and what people then say about them: names, merges, splits, and to be forgotten.

Leader clustering (Hartigan, "Clustering Algorithms", 1975): an utterance joins the nearest voice if that is near
enough, founds a new one if it is far from all, and is nobody's in between, because a wrong name is worse than none.
A merged voice goes on being compared: one person on a telephone and in a studio is near one of the two, and near
neither's mean.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID, uuid5

import numpy as np

from domain.errors import BadRequest
from domain.events import MoodCue, Vector
from domain.known_voices import KnownVoices
from domain.mood import learn
from domain.speaker_split import halves
from domain.speakers import Speaker, Trait
from domain.voice_changes import mean_voice

_NAMESPACE = UUID("0a6d4e57-3d0d-5a53-8b64-7c1f0f5d9b1e")


@dataclass(frozen=True, slots=True)
class SpeakerRules:
    """Likenesses are KnownVoices', 0 to 1.

    Measured with Resemblyzer (mean of windows every 0.4 s) on utterances of 1 to 10 s, three shuffled streams each:

    | stream | people | purity | in their largest speaker | speakers, of 3 or more | labelled |
    |---|---|---|---|---|---|
    | several channels, connected speech | 9 | 1.00 | 0.99 | 7.7, 4.3 | 0.93 |
    | telephone, connected speech | 7 | 0.95 | 1.00 | 7.7, 6.7 | 0.92 |
    | the same, a third with noise (10 to 25 dB) and level changed | 7 | 1.00 | 0.90 | 19.7, 12 | 0.89 |
    | single words, full bandwidth | 8 | 1.00 | 0.99 | 9.7, 8 | 0.96 |
    | the same | 30 | 0.94 | 0.97 | 33, 27 | 0.87 |

    Plain cosines against the best fixed thresholds (0.84 and 0.76) gave 0.87 purity on the second and labelled 0.80 of
    the last. Equal error rate of two single utterances, by cosine: 7.1 % over the telephone, 6.0 % for single words,
    17 % and 19 % with noise. Errors are cut to speakers too many, which a merge mends, not to people taken for others.
    Enrolled from three utterances, half of the people of each stream: 85 to 93 % named right without noise, 66 to 74 %
    with, none wrong and no stranger named; at 0.82 one stranger in ten was, among the 30.
    """

    same_voice: float = 0.82
    new_voice: float = 0.76  # in between it is nobody's
    enrolled_voice: float = 0.86  # a name given on purpose takes more
    min_spoken_s: float = 1.0  # less is nobody's
    min_new_s: float = 2.0  # less founds no new speaker
    memory_utterances: int = 50  # so many weigh in a voice: it follows a cold or another room
    # Cosine of the mean voices of a speaker's two most different groups of utterances. Two people's were below it in 68
    # to 85 % of pairs, one person's in 0 to 7 %: somebody asked for the split, so it errs on their side.
    two_below: float = 0.78
    remembered_moments: int = 20_000  # whose answer stays the same when they are replayed
    remembered_traits: int = 1_000  # as of how many moments: more than are heard at once


class SpeakerBook:
    """Voices told apart as they come. Not thread-safe.

    What a person asks for returns the speakers to be saved, or raises BadRequest and changes nothing; those that `hear`
    changed wait in `take_changed`.
    """

    def __init__(
        self, speakers: Iterable[Speaker] = (), rules: SpeakerRules | None = None, last_number: int = 0
    ) -> None:
        """`last_number` is the highest that anybody had, those forgotten included."""
        self._rules = rules or SpeakerRules()
        self._known = KnownVoices(speakers, last_number)
        self._heard: OrderedDict[str, str] = OrderedDict()  # moment id -> speaker id, the newest last
        self._usual: OrderedDict[str, Mapping[str, Trait]] = OrderedDict()  # moment id -> traits before it
        self._changed: set[str] = set()

    def hear(
        self, moment_id: str, voice: Vector, spoken_s: float, start_s: float, source: str, measured: Mapping[str, float]
    ) -> Speaker | None:
        """Who it is: one known, or a new speaker when the voice is far from all; None when it is too short or too
        uncertain to say. `voice` is of unit length; `measured` are its traits by name (domain/mood_traits.py).

        A moment heard before has the speaker it had, and counts once, as long as it is remembered; after that, or in
        another process, it may count again but founds no second speaker.
        """
        if moment_id in self._heard:
            return self.label(self._heard[moment_id])
        if spoken_s < self._rules.min_spoken_s:
            return None
        found, likeness = self._nearest(voice)
        if found is None:
            if likeness >= self._rules.new_voice or spoken_s < self._rules.min_new_s:
                return None
            found = self._known.get(_id(moment_id)) or self._add(_id(moment_id), voice, start_s)
        self._usual[moment_id] = self._person(found.id).traits
        if len(self._usual) > self._rules.remembered_traits:
            self._usual.popitem(last=False)
        person = self._heard_again(found, voice, spoken_s, start_s, source, measured)
        self._heard[moment_id] = person.id
        if len(self._heard) > self._rules.remembered_moments:
            self._heard.popitem(last=False)
        return person

    def usual(self, moment_id: str) -> Mapping[str, Trait]:
        """The traits that the speaker of a moment had before it; none when nobody was recognised or it is long ago."""
        return self._usual.get(moment_id, {})

    def label(self, id: str) -> Speaker | None:
        """The speaker of an id, or the one it was merged into."""
        return self._known.person(id)

    def name(self, id: str, name: str) -> list[Speaker]:
        person = self._person(id)
        return [self._known.put(replace(person, name=self._known.free_name(name, person)))]

    def merge(self, id: str, into: str) -> list[Speaker]:
        """The two are one from now on, with `into`'s number, and its name if it has one. A name of the other's stays
        good for searching."""
        gone, person = self._person(id), self._person(into)
        if gone.id == person.id:
            raise BadRequest(f"{gone.label} and {person.label} are one speaker already")
        heard = [each for each in (gone, person) if each.utterances] or [person]
        merged = replace(
            person,
            name=person.name or gone.name,
            enrolled=person.enrolled or gone.enrolled,
            consent=person.consent or gone.consent,
            utterances=person.utterances + gone.utterances,
            spoken_s=person.spoken_s + gone.spoken_s,
            first_heard_s=min(each.first_heard_s for each in heard),
            last_heard_s=max(each.last_heard_s for each in heard),
            sources=tuple(sorted({*person.sources, *gone.sources})),
            traits=max(person, gone, key=lambda each: each.utterances).traits,
        )
        return [self._known.put(replace(gone, merged_into=person.id)), self._known.put(merged)]

    def split(self, id: str, voices: Mapping[str, Vector]) -> tuple[list[Speaker], dict[str, str]]:
        """Two speakers of one, by the voices of its utterances (moment id -> unit vector): the speakers to be saved,
        and the moments to be labelled anew (moment id -> speaker id).

        The larger half stays, or the one nearer to the enrolment. Both halves' usual traits are learnt afresh, their
        counts are in proportion. Raises BadRequest when the voices are one.
        """
        person = self._person(id)
        parted, likeness = halves(voices, person.enrolled)
        if parted is None or likeness >= self._rules.two_below:
            raise BadRequest(
                f"{person.label} sounds like one person in {len(voices)} utterances: their two most different groups "
                f"are {likeness:.2f} alike, and two people's are less than {self._rules.two_below:.2f}"
            )
        new_id, share = _id("|".join(parted.move)), len(parted.move) / len(voices)
        stays = replace(_part(person, 1 - share), voice=parted.stay_voice)
        new = replace(_part(person, share), id=new_id, number=self._known.new_number(), voice=parted.move_voice)
        new = replace(new, name=None, enrolled=None, consent=None)
        merged = [
            replace(each, merged_into=new_id if parted.moves(each.voice) else person.id)
            for each in self._known.family(person)
            if each.id not in (person.id, new_id)
        ]
        # A merged id may mean either from now on, so where there are any, what stays is labelled anew too.
        labels = dict.fromkeys(parted.stay, person.id) if merged else {}
        labels |= dict.fromkeys(parted.move, new_id)
        self._heard.update({moment: label for moment, label in labels.items() if moment in self._heard})
        return [self._known.put(each) for each in (stays, new, *merged)], labels

    def enrol(self, name: str, voice: Vector, consent: str, now_s: float) -> list[Speaker]:
        """A name from a recording. An anonymous voice near enough gets it, so that what it said before is found by the
        name too; who has the name already gets the new recording, if it sounds like that person."""
        if not consent.strip():
            raise BadRequest("an enrolment needs a consent note: who allowed the recording to be used, and when")
        near = [(likeness, self._known.person(each.id)) for likeness, each in self._known.likeness(voice)]
        person = self._known.named(name)
        if person is not None:
            likeness = next(likeness for likeness, whose in near if whose == person)
            if likeness < self._rules.new_voice:
                raise BadRequest(
                    f"this recording is only {likeness:.2f} like {person.label}, who is known already: "
                    "enrol it under another name, or forget that speaker first"
                )
        elif near and near[0][0] >= self._rules.enrolled_voice:
            likeness, person = near[0]
            if person is not None and person.name is not None:
                raise BadRequest(
                    f"this recording is {likeness:.2f} like {person.label}, who is known already: if it is the same "
                    "person, enrol it under that name, or rename that speaker"
                )
        name = self._known.free_name(name, person)
        person = person or self._add(_id(f"{name}|{now_s}"), voice, now_s)
        return [self._known.put(replace(person, name=name, enrolled=voice, consent=consent.strip()))]

    def forget(self, id: str) -> list[str]:
        """Removes the speaker with its names and voices; every id it had, merged ones included."""
        ids = [each.id for each in self._known.family(self._person(id))]
        self._known.remove(ids)
        self._changed -= set(ids)
        for moment in [moment for moment, speaker in self._heard.items() if speaker in ids]:
            del self._heard[moment]
            self._usual.pop(moment, None)
        return ids

    def resolve(self, who: str) -> tuple[str, ...]:
        """Every id, merged ones included, of whoever is meant by an id, a name or "speaker 7", in any case; none when
        nobody is."""
        person = self._known.called(who)
        return tuple(each.id for each in self._known.family(person)) if person else ()

    def likeness(self, id: str, voices: Sequence[Vector]) -> list[float | None]:
        """How alike each unit vector is to the nearest of a person's voices; None where one that is heard would be a
        new voice beside them. Raises BadRequest when there is no such person."""
        alike = self._known.likeness_to(self._person(id), voices)
        return [each if each >= self._rules.new_voice else None for each in alike]

    def speakers(self) -> list[Speaker]:
        """By number, without those merged into others."""
        return self._known.persons()

    def take_changed(self) -> list[Speaker]:
        """What `hear` changed since the last call, to be saved."""
        changed, self._changed = self._changed, set()
        return [speaker for speaker in self._known.all() if speaker.id in changed]

    def _nearest(self, voice: Vector) -> tuple[Speaker | None, float]:
        """The record that the voice is of, if any is near enough, and the likeness of the nearest of all."""
        near = self._known.likeness(voice)
        if not near:
            return None, -1.0
        likeness, record = near[0]  # it alone: who is less alike is not who it is
        person = self._known.person(record.id)
        stricter = person is not None and person.enrolled is not None
        near_enough = likeness >= (self._rules.enrolled_voice if stricter else self._rules.same_voice)
        return record if near_enough else None, likeness

    def _heard_again(
        self, found: Speaker, voice: Vector, spoken_s: float, start_s: float, source: str, measured: Mapping[str, float]
    ) -> Speaker:
        """The person that the record `found` is of. The record's own voice follows."""
        weight = min(found.utterances, self._rules.memory_utterances)
        known = np.asarray([found.voice, voice], dtype=np.float32)
        self._known.put(
            replace(
                found,
                voice=mean_voice(known * np.asarray([[weight], [1]], dtype=np.float32)),
                utterances=found.utterances + (found.merged_into is not None),
            )
        )
        person = self._person(found.id)
        cues = [MoodCue("voice", what, measured=value) for what, value in measured.items()]
        heard = person.utterances > 0
        person = replace(
            person,
            utterances=person.utterances + 1,
            spoken_s=person.spoken_s + spoken_s,
            first_heard_s=min(person.first_heard_s, start_s) if heard else start_s,
            last_heard_s=max(person.last_heard_s, start_s) if heard else start_s,
            sources=tuple(sorted({*person.sources, source})),
            traits=learn(person.traits, cues),
        )
        self._changed |= {found.id, person.id}
        return self._known.put(person)

    def _add(self, id: str, voice: Vector, now_s: float) -> Speaker:
        return self._known.put(
            Speaker(
                id=id,
                number=self._known.new_number(),
                voice=voice,
                utterances=0,
                spoken_s=0.0,
                first_heard_s=now_s,
                last_heard_s=now_s,
                sources=(),
            )
        )

    def _person(self, id: str) -> Speaker:
        person = self._known.person(id)
        if person is None:
            raise BadRequest(f"there is no speaker {id!r}")
        return person


def _id(of: str) -> str:
    return str(uuid5(_NAMESPACE, of))


def _part(person: Speaker, share: float) -> Speaker:
    return replace(person, utterances=round(person.utterances * share), spoken_s=person.spoken_s * share, traits={})
