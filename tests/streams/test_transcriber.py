"""Sound of many sources becomes moments: each word once, whatever is cut, killed or sent twice."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.events import ChunkPublished, CoverageAdvanced, MomentDescribed, MomentWithdrawn, SpeechCut
from domain.moments import moment_id
from domain.ports import PCM_RATE_HZ, Pcm
from streams.decode import decode_sound
from streams.speech_describer import CutSound, SoundChunk
from streams.speech_segments import Settled, SourceSound
from streams.transcriber import Transcriber
from tests.streams.spoken_numbers import START_S, Activity, Hears, chunked, new_transcriber, sound


class Run:
    """What a worker has sent so far, as the broker and the store have it."""

    def __init__(self) -> None:
        self.facts: list[MomentDescribed | MomentWithdrawn | CoverageAdvanced] = []
        self.cuts: dict[tuple[int, str], SpeechCut] = {}
        self.finished: set[tuple[int, int]] = set()

    def push(self, transcriber: Transcriber, chunks: Sequence[SoundChunk], now_s: float | None = None) -> CutSound:
        now_s = chunks[-1].chunk.end_s if now_s is None else now_s
        cut = transcriber.cut(chunks, now_s)
        described = transcriber.describe(cut)
        self.facts += described.facts
        self.cuts |= {(each.partition, each.source): each for each in described.cuts}
        self.finished |= set(cut.finished)
        self.facts += transcriber.draft(now_s)
        return cut

    @property
    def stored(self) -> list[MomentDescribed]:
        """The store's moments: the newest of each id."""
        found: dict[str, MomentDescribed] = {}
        for fact in self.facts:
            if isinstance(fact, MomentDescribed):
                found[moment_id(fact)] = fact
            elif isinstance(fact, MomentWithdrawn):
                gone = MomentDescribed(fact.source, fact.modality, fact.start_s, fact.start_s, fact.encoder, {})
                found.pop(moment_id(gone), None)
        return sorted(found.values(), key=lambda moment: moment.start_s)

    @property
    def words(self) -> list[str]:
        return [word.text for moment in self.stored for word in moment.words]


def test_what_is_still_being_said_is_sent_and_the_final_text_takes_its_place() -> None:
    run, transcriber = Run(), new_transcriber()
    chunks = chunked(sound([1, 2, 3, 4, 5, 6]))
    run.push(transcriber, chunks[:2])
    (draft,) = run.stored
    assert not draft.is_final
    assert draft.text == "w1 w2 w3 w4"
    assert (draft.words, set(draft.vectors), draft.cues) == ((), {"text"}, ())
    assert draft.end_s == pytest.approx(START_S + 2.0, abs=0.01)
    run.push(transcriber, chunks[2:3])
    assert len(run.stored) == 1
    assert run.stored[0].text == "w1 w2 w3 w4 w5 w6"
    for chunk in chunks[3:]:
        run.push(transcriber, [chunk])
    (final,) = run.stored
    assert final.is_final
    assert final.start_s == draft.start_s
    assert run.words == ["w1", "w2", "w3", "w4", "w5", "w6"]


def test_what_is_still_being_said_says_nothing_of_coverage() -> None:
    run = Run()
    run.push(new_transcriber(), chunked(sound([1, 2, 3, 4, 5, 6]))[:2])
    assert [type(fact) for fact in run.facts] == [MomentDescribed]


@pytest.mark.parametrize(("age_s", "drafts"), [(0.0, 1), (2.9, 1), (3.1, 0), (-0.9, 1), (-1.1, 0), (86_400.0, 0)])
def test_only_sound_of_now_is_drafted(age_s: float, drafts: int) -> None:
    """Not a replay, nor a file that comes faster than it runs, nor what a worker is late with."""
    run = Run()
    chunks = chunked(sound([1, 2, 3, 4, 5, 6]))[:2]
    run.push(new_transcriber(), chunks, chunks[-1].chunk.end_s + age_s)
    assert len(run.stored) == drafts


def test_all_that_is_being_said_is_drafted_in_one_call_and_only_when_there_is_more_of_it() -> None:
    speech = Hears()
    transcriber = new_transcriber(speech)
    chunks = [chunk for source in ("a", "b", "c") for chunk in chunked(sound([1, 2, 3, 4, 5, 6]), source=source)[:2]]
    transcriber.cut(chunks, START_S + 2.0)
    assert {moment.source for moment in transcriber.draft(START_S + 2.0)} == {"a", "b", "c"}
    assert transcriber.draft(START_S + 2.1) == ()
    assert speech.drafted == [3]


def test_silence_costs_no_draft() -> None:
    speech = Hears()
    run, transcriber = Run(), new_transcriber(speech)
    for chunk in chunked(np.zeros(5 * PCM_RATE_HZ, dtype=np.float32)):
        run.push(transcriber, [chunk])
    assert speech.drafted == []


def test_what_turns_out_to_be_no_speech_is_withdrawn() -> None:
    run, transcriber = Run(), new_transcriber()
    chunks = chunked(sound([1, 2, 99]))
    run.push(transcriber, chunks[:1])
    draft = run.facts[-1]
    assert isinstance(draft, MomentDescribed)
    nothing = new_transcriber()
    for chunk in chunked(sound([99, 99, 99])):
        run.push(nothing, [chunk])
    assert run.stored == []
    assert MomentWithdrawn("s", "speech", draft.start_s, draft.encoder) in run.facts


words_said = st.lists(st.lists(st.integers(0, 98), min_size=1, max_size=14), min_size=1, max_size=4)


@settings(max_examples=40, deadline=None)
@given(words_said, st.integers(300, 4000), st.data())
def test_a_worker_killed_anywhere_loses_no_word_and_doubles_none(
    utterances: list[list[int]], chunk_ms: int, data: st.DataObject
) -> None:
    """The next one gets what was not acknowledged, and some that was. Drafts are sent all along."""
    chunks = chunked(sound(*utterances), chunk_ms / 1000)
    undisturbed, transcriber = Run(), new_transcriber()
    for chunk in chunks:
        undisturbed.push(transcriber, [chunk])
    assert undisturbed.words == [f"w{number}" for words in utterances for number in words]

    run, first, second = Run(), new_transcriber(), new_transcriber()
    killed = data.draw(st.integers(1, len(chunks)))
    for chunk in chunks[:killed]:
        run.push(first, [chunk])
    if data.draw(st.booleans(), label="the last cut was not sent any more"):
        run.cuts = {}
    acknowledged = next((i for i in range(len(chunks)) if (0, i) not in run.finished), len(chunks))
    again = data.draw(st.integers(0, acknowledged))  # commits may be older than acknowledgements
    second.assigned(run.cuts.values() if run.cuts or again else [])
    if not run.cuts:
        again = 0
    for chunk in chunks[again:]:
        run.push(second, [chunk])
    assert run.stored == undisturbed.stored
    assert all(moment.is_final for moment in run.stored)
    assert run.finished == undisturbed.finished == {(0, i) for i in range(len(chunks))}


@settings(max_examples=25, deadline=None)
@given(words_said, st.integers(300, 4000))
def test_what_is_said_of_coverage_leaves_no_time_out_and_names_what_was_made_of_it(
    utterances: list[list[int]], chunk_ms: int
) -> None:
    run, transcriber = Run(), new_transcriber()
    chunks = chunked(sound(*utterances), chunk_ms / 1000)
    for chunk in chunks:
        run.push(transcriber, [chunk])
    covered = [fact for fact in run.facts if isinstance(fact, CoverageAdvanced)]
    ends_s = [chunks[0].chunk.start_s, *(each.until_s for each in covered)]
    assert [each.start_s for each in covered] == pytest.approx(ends_s[:-1], abs=1e-4)
    assert ends_s[-1] == pytest.approx(chunks[-1].chunk.end_s, abs=1e-4)
    for each in covered:
        made = [moment_id(moment) for moment in run.stored if each.start_s <= moment.start_s < each.until_s]
        assert each.moments == tuple(made)


def test_two_voices_in_one_utterance_are_two_moments() -> None:
    run, transcriber = Run(), new_transcriber()
    said = [1, 2, 3, 4, 5, 6, 101, 102, 103, 104, 105, 106]
    for chunk in chunked(sound(said)):
        run.push(transcriber, [chunk])
    first, second = run.stored
    assert run.words == [f"w{number}" for number in said]
    assert (first.text, second.text) == ("w1 w2 w3 w4 w5 w6", "w101 w102 w103 w104 w105 w106")
    assert first.end_s == second.start_s == second.words[0].start_s
    assert first.vectors["voice"][0] > 0.9
    assert second.vectors["voice"][1] > 0.9
    assert [(cue.kind, cue.what) for cue in second.cues] == [("words", f"en {second.text}"), ("voice", "level_db")]
    assert second.cues[1].measured == pytest.approx(second.end_s - second.start_s, abs=0.01)


def test_too_little_sound_has_no_voice() -> None:
    run, transcriber = Run(), new_transcriber()
    for chunk in chunked(sound([1])):
        run.push(transcriber, [chunk])
    (moment,) = run.stored
    assert set(moment.vectors) == {"text"}


def test_the_work_is_accounted_for() -> None:
    transcriber = new_transcriber()
    described = transcriber.describe(transcriber.cut(chunked(sound([1, 2, 3])), START_S))
    assert 0 < described.voice_mood_s < described.describe_s


def test_a_chunk_without_the_memory_for_it_is_rejected_and_the_others_are_heard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run, transcriber = Run(), new_transcriber()
    chunks = chunked(sound([1, 2, 3], [4, 5, 6]))

    def short_of_memory(chunk: ChunkPublished) -> Pcm:
        if chunk is chunks[-1].chunk:
            raise MemoryError
        return decode_sound(chunk)

    monkeypatch.setattr("streams.transcriber.decode_sound", short_of_memory)
    cut = run.push(transcriber, chunks)
    assert [(partition, offset) for partition, offset, _ in cut.rejected] == [chunks[-1].place]
    assert "not enough memory" in cut.rejected[0][2]
    assert run.words[:3] == ["w1", "w2", "w3"]


def test_what_was_settled_when_cutting_failed_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    run, transcriber = Run(), new_transcriber()
    chunks = chunked(sound([1, 2, 3], [4, 5, 6], [7, 8, 9]), 2.5)
    run.push(transcriber, chunks[:1])
    push_many, calls = Activity.push_many, list[int]()

    def fails_later(self: Activity, pcm: Pcm) -> Any:
        calls.append(len(pcm))
        if len(calls) == 2:
            raise RuntimeError("no such window")
        return push_many(self, pcm)

    with monkeypatch.context() as patch:
        patch.setattr(Activity, "push_many", fails_later)
        cut = run.push(transcriber, chunks[1:2])
    assert cut.rejected == [(0, 1, "RuntimeError: no such window")]
    run.push(transcriber, chunks[2:])
    assert run.words == [f"w{number}" for number in range(1, 10)]


def test_a_source_that_cannot_be_ended_costs_no_other_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    transcriber, finish = new_transcriber(), SourceSound.finish
    for source in ("a", "b"):
        transcriber.cut(chunked(sound([1, 2, 3, 4, 5, 6]), source=source)[:3], START_S)
    calls: list[SourceSound] = []

    def fails_at_second(self: SourceSound) -> list[Settled]:
        calls.append(self)
        if len(calls) == 2:
            raise RuntimeError("no such window")
        return finish(self)

    monkeypatch.setattr(SourceSound, "finish", fails_at_second)
    for after_s in range(1, 16):
        transcriber.cut_idle(60.0, {0: START_S + after_s})
    ended = [transcriber.cut_idle(0.0, {0: START_S + after_s}) for after_s in (16.0, 17.0, 18.0)]
    assert [[piece[0].chunk.source for piece in cut.settled if len(piece[1].pcm)] for cut in ended] == [
        ["a"],
        ["b"],
        [],
    ]


@pytest.mark.parametrize("apart_s", [0.0, 0.4, -3600.0, 3600.0])
def test_two_publishers_with_one_name_break_nothing_and_are_told(
    apart_s: float, caplog: pytest.LogCaptureFixture
) -> None:
    """Their chunks are acknowledged, what is held stays bounded, and the log says whose mistake it is, once."""
    said = [[number, number + 1, number + 2] for number in range(0, 90, 3)]
    pairs = zip(chunked(sound(*said)), chunked(sound(*said), start_s=START_S + apart_s), strict=True)
    chunks = [
        SoundChunk(each.chunk, 0, offset, each.published_s)
        for offset, each in enumerate(each for pair in pairs for each in pair)
    ]
    run, transcriber = Run(), new_transcriber()
    with caplog.at_level(logging.WARNING):
        for chunk in chunks:
            run.push(transcriber, [chunk], chunk.chunk.end_s)
            held = transcriber._sources.get((0, "s"))
            assert held is None or len(held.sound._buffer) < 20 * PCM_RATE_HZ
    assert run.finished == {(0, offset) for offset in range(len(chunks))}
    assert [record.message for record in caplog.records if "Two publishers" in record.message][1:] == []
    assert "source s: its sound overlaps" in caplog.text


def test_one_chunk_sent_twice_is_no_second_publisher(caplog: pytest.LogCaptureFixture) -> None:
    run, transcriber = Run(), new_transcriber()
    for chunk in chunked(sound([1, 2, 3, 4], [5, 6, 7, 8])):
        run.push(transcriber, [chunk])
        if chunk.offset == 2:
            run.push(transcriber, [chunk])
    assert run.words == ["w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8"]
    assert caplog.text == ""
