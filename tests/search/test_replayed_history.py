"""A rule tried on a replay: the order it came in, what stands, what is left out, and whose voice is not looked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from domain.backtest import Past
from domain.conditions import Graded
from domain.errors import BadRequest
from domain.events import CoverageAdvanced, Modality, MomentDescribed, MomentWithdrawn
from domain.moment_reading import LabelledMoment
from domain.ports import MomentFact
from domain.rule_drafts import RuleDraft, rule_of
from domain.rules import Rule
from search.replay_reading import KeptMoment, read_back
from search.replayed_history import ReplayedHistory
from search.rule_backtests import Tried, try_on_replay, try_rule
from tests.search.rules_setting import T0_S, Node

MOST = 1000


def rule(node: Node, query: str, example: Graded | None = None) -> Rule:
    return rule_of(RuleDraft(query, example=example), "r1", node.speakers.resolve)


def history(node: Node, most: int = MOST) -> ReplayedHistory:
    return ReplayedHistory(node.log, node.stores.moments, node.speakers.resolve, most)


def tried(node: Node, rule: Rule, days: float = 30.0) -> Tried:
    return try_on_replay(
        rule, days, node.encoders.rules, node.log, node.stores.moments, node.speakers.resolve
    )  # fmt: skip


def numbered(
    node: Node, number: int, apart_s: float, source: str = "gate", modality: Modality = "text"
) -> MomentDescribed:
    """All alike but for their numbers: each text to be encoded takes its time."""
    return replace(node.moment(modality, apart_s * number, "a drill", source=source), text=f"drill {number}")


def texts(past: Sequence[Past]) -> list[str]:
    return [each.moment.text for each in past if isinstance(each, LabelledMoment)]


def replayed(node: Node, rule: Rule) -> list[Past]:
    return [each for window in history(node).windows(rule, T0_S - 9e6, T0_S + 9e6) for each in window]


def test_what_came_in_order_of_time_is_the_history_that_is_stored(node: Node) -> None:
    moments = [
        numbered(node, n, 100.0, source=f"gate-{n % 2}", modality="speech" if n % 3 else "scene") for n in range(40)
    ]
    node.store(*moments)
    node.log.write(*moments)
    drill = rule(node, '"drill"')
    stored, replay = node.history, history(node)
    for days, most, before_s in ((30.0, 100, None), (0.01, 100, None), (30.0, 5, None), (30.0, 9, T0_S + 1000.0)):
        assert replay.latest(drill, days, most, before_s) == stored.latest(drill, days, most, before_s)
    spans = ((T0_S, T0_S + 9000.0), (T0_S + 500.0, T0_S + 1500.0))
    for since_s, until_s in spans:
        some = [each for window in stored.windows(drill, since_s, until_s) for each in window]
        assert some
        found = [each for window in replay.windows(drill, since_s, until_s) for each in window]
        heard = [each for each in found if isinstance(each, LabelledMoment) and each.moment.modality == "speech"]
        assert [each.moment.start_s for each in heard] == [each.moment.start_s for each in some]
        assert texts(heard) == texts(some)
    on_stored = try_rule(drill, 30.0, node.encoders.rules, stored)
    on_replay = tried(node, drill)
    assert on_replay.result == on_stored.result
    assert len(on_replay.result.incidents) > 1
    assert (on_replay.span, on_replay.learnt_from) == (on_stored.span, on_stored.learnt_from)


def test_the_last_of_a_moment_stands_where_it_came_first(node: Node) -> None:
    first, other = node.moment("speech", 0.0, "a drill"), node.moment("speech", 60.0, "another drill")
    node.log.write(first, other, replace(first, text="a corrected drill"), first, replace(first, text="a mill"))
    assert texts(replayed(node, rule(node, '"drill"'))) == ["a mill", "another drill"]


def test_what_is_withdrawn_or_not_final_is_not_there(node: Node) -> None:
    said = node.moment("speech", 0.0, "a drill")
    draft = replace(node.moment("speech", 50.0, "a dr"), is_final=False)
    withdrawn = MomentWithdrawn(said.source, "speech", said.start_s, said.encoder)
    node.log.write(said, draft, withdrawn, node.moment("speech", 90.0, "a second drill"))
    assert texts(replayed(node, rule(node, '"drill"'))) == ["a second drill"]
    node.log.write(said)  # it was speech after all
    assert texts(replayed(node, rule(node, '"drill"'))) == ["a second drill", "a drill"]


def test_only_the_rules_sources_and_kinds_and_how_far_they_have_got(node: Node) -> None:
    facts: list[MomentFact] = [
        node.moment("text", 0.0, "a drill"),
        node.moment("text", 1.0, "a drill", source="hall"),
        node.moment("scene", 2.0, "a tripod"),
        CoverageAdvanced("gate", "scene", T0_S, T0_S + 90.0, T0_S),
        CoverageAdvanced("hall", "scene", T0_S, T0_S + 90.0, T0_S),
        CoverageAdvanced("gate", "scene", T0_S, T0_S + 9e6, T0_S),  # by a wrong clock
    ]
    for fact in facts:
        node.log.write(fact, written_s=T0_S + 100.0)
    found = replayed(node, rule(node, 'source:gate kind:text "drill"'))
    assert [each for each in found if isinstance(each, CoverageAdvanced)] == [facts[3]]
    moments = [each.moment for each in found if isinstance(each, LabelledMoment)]
    assert [(each.modality, each.source, each.vectors) for each in moments] == [
        ("text", "gate", {}),  # the words are compared, not what they mean
        ("scene", "gate", {}),
    ]
    span = history(node).latest(rule(node, 'source:gate kind:text "drill"'), 30.0, 10)
    assert span is not None and span.moments == 1


def test_a_meaning_is_compared_as_it_came(node: Node) -> None:
    moment = node.moment("speech", 0.0, "a drill", voice=1)
    node.log.write(moment)
    [found] = replayed(node, rule(node, "somebody talks of a drill"))
    assert isinstance(found, LabelledMoment)
    assert found.moment.vectors == {"text": moment.vectors["text"]}


def test_damaged_and_foreign_records_are_left_out_and_counted(node: Node) -> None:
    said = node.moment("text", 0.0, "a drill")
    foreign = [replace(said, encoder="another"), replace(said, vectors={"text": (1.0, 0.0)})]
    node.log.write(said, None, *foreign, node.moment("text", 1.0, "x", source="hall"))
    found = tried(node, rule(node, 'source:gate "drill"'))
    assert found.replay is not None
    assert (found.replay.left_out, found.replay.is_out_of_time, found.replay.not_stored) == (3, False, None)
    assert len(found.result.incidents) == 1


def test_it_reads_no_further_back_than_it_needs(node: Node) -> None:
    node.log.write(*(numbered(node, n, 10.0) for n in range(400)))
    drill = rule(node, '"drill"')
    reading = read_back(node.log, drill, lambda _: None, 20, 1.0)
    assert 20 <= len(reading.facts) <= 24 and node.log.given <= 32
    latest = [each.bare.text for each in reading.facts if isinstance(each, KeptMoment)]
    assert latest[-20:] == [f"drill {n}" for n in range(380, 400)]
    assert not reading.is_out_of_time


def test_out_of_time_it_is_tried_on_the_latest_and_says_so(node: Node) -> None:
    node.log.write(*(numbered(node, n, 10.0, source=f"s{n % 2}") for n in range(100)))
    node.log.patience = 6
    drill = rule(node, '"drill"')
    found = tried(node, drill)
    assert found.replay is not None and found.replay.is_out_of_time
    assert 8 <= found.span.moments <= 24 and found.span.until_s > T0_S + 990.0
    times = [each.moment.start_s for each in replayed(node, drill) if isinstance(each, LabelledMoment)]
    assert times == [T0_S + 10.0 * n for n in range(100 - len(times), 100)]  # without a gap, of both sources


def test_what_a_replay_lacks_is_told_of_the_days_asked_for(node: Node) -> None:
    said = [node.moment("speech", 3600.0 * n, "a drill") for n in range(100)]
    foreign = replace(said[97], start_s=said[97].start_s + 60.0, encoder="another")
    node.log.write(*said[:90], None, *said[90:98], foreign, None, *said[98:])
    node.log.patience = 8  # stretches: 28 moments
    drill = rule(node, 'kind:speech "drill" -mood:angry')
    for hours, lacks in ((1, (0, False, 2)), (5, (2, False, 6)), (24, (3, False, 25)), (200, (3, True, 27))):
        found = tried(node, drill, hours / 24.0).replay
        assert found is not None
        assert (found.left_out, found.is_out_of_time, found.not_stored) == lacks


def test_it_reads_the_days_asked_for_and_those_it_learns_from(node: Node) -> None:
    node.log.write(*(numbered(node, n, 86_400.0) for n in range(400)))
    found = tried(node, rule(node, '"drill"'), 2.0)
    assert (found.span.moments, found.learnt_from) == (3, "before")
    assert node.log.given <= 24
    assert found.replay is not None and not found.replay.is_out_of_time


def test_where_nothing_is_found_it_is_not_said_that_there_is_nothing(node: Node) -> None:
    node.log.write(node.moment("text", 0.0, "a drill"), *(node.moment("scene", 1.0 + n, "a wall") for n in range(40)))
    node.log.patience = 3
    with pytest.raises(BadRequest, match="no moment of its sources and kinds was reached within 20 s"):
        tried(node, rule(node, '"drill"'))
    with pytest.raises(BadRequest, match=r"no moment of its sources and kinds$"):
        node.log.patience = 100
        tried(node, rule(node, "source:hall a tripod"))


def test_where_all_are_refused_that_is_said(node: Node) -> None:
    node.log.write(*(replace(numbered(node, n, 60.0), encoder="another") for n in range(5)))
    with pytest.raises(BadRequest, match="but 5 records that were left out: they are damaged, or the store would refu"):
        tried(node, rule(node, '"drill"'))


def test_partitions_are_joined_by_when_they_were_written_and_none_is_reordered(node: Node) -> None:
    a, b, c, d = (numbered(node, n, 1.0, source=f"s{n}") for n in range(4))
    node.log.write(a, partition=0, written_s=10.0)
    node.log.write(b, partition=0, written_s=5.0)  # the clock was put back
    node.log.write(c, partition=1, written_s=7.0)
    node.log.write(d, partition=1, written_s=12.0)
    assert texts(replayed(node, rule(node, '"drill"'))) == ["drill 2", "drill 0", "drill 1", "drill 3"]


def test_speakers_and_moods_are_those_that_are_stored(node: Node) -> None:
    known, gone = (node.moment("speech", 1000.0 * n, "let us begin", voice=2) for n in range(2))
    scene = node.moment("scene", 0.0, "a tripod")
    node.store(known, scene)
    (speaker,) = node.speakers.all()
    node.log.write(scene, known, gone)
    by_speaker = tried(node, rule(node, f'speaker:"{speaker.label}"'))
    assert [each.start_s for each in by_speaker.result.incidents] == [T0_S]
    assert by_speaker.result.incidents[0].matches == 2  # seen and heard
    assert by_speaker.replay is not None and by_speaker.replay.not_stored == 1


def test_a_speaker_that_was_merged_is_still_the_one_that_is_watched_for(node: Node) -> None:
    said = [node.moment("speech", 1000.0 * n, "hello it is me again", voice=n % 2) for n in range(6)]
    node.store(*said)
    node.log.write(*said)
    first, second = node.speakers.all()
    by_speaker = rule(node, f'kind:speech speaker:"{second.label}"')
    node.speakers.merge(second.id, first.id)
    assert len(tried(node, by_speaker).result.incidents) == 6
    stored = try_rule(by_speaker, 7.0, node.encoders.rules, node.history)
    assert len(stored.result.incidents) == 6


def test_nobody_says_that_a_speaker_or_mood_is_not_there_of_what_is_not_stored(node: Node) -> None:
    said = [node.moment("speech", 3600.0 * n, "a fire drill", voice=2) for n in range(6)]
    node.store(*said[:4])
    node.log.write(*said)
    (speaker,) = node.speakers.all()
    for absent, found in ((f'-speaker:"{speaker.label}"', 0), ("-mood:angry", 4)):
        without = tried(node, rule(node, f'kind:speech "fire drill" {absent}'))
        assert len(without.result.incidents) == found
        assert without.replay is not None and without.replay.not_stored == 2
    assert len(tried(node, rule(node, 'kind:speech "fire drill" -"mill"')).result.incidents) == 6


def voices(node: Node) -> tuple[int, int | None]:
    """How many utterances can be compared with a voice, and how many are not stored."""
    example = node.encoders.rules.voice(node.moment("speech", 0.0, "x", voice=2).vectors["voice"])
    hers, read = rule(node, "", example), history(node)
    past = [each for window in read.windows(hers, T0_S, T0_S + 9000.0) for each in window]
    heard = [each.moment for each in past if isinstance(each, LabelledMoment)]
    assert len(heard) == 3
    return sum("voice" in each.vectors for each in heard), read.report(hers).not_stored


def test_a_voice_that_was_forgotten_is_not_found_in_what_kafka_still_holds(node: Node) -> None:
    said = [node.moment("speech", 1000.0 * n, "hello it is me again", voice=2) for n in range(3)]
    node.log.write(*said)
    assert voices(node) == (0, 3)  # nobody can say whether it was forgotten
    node.store(*said)
    assert voices(node) == (3, 0)
    (speaker,) = node.speakers.all()
    node.speakers.forget(speaker.id)
    assert voices(node) == (0, 0)


def test_each_rule_is_read_for_anew(node: Node) -> None:
    node.log.write(node.moment("text", 0.0, "a drill"), node.moment("text", 1.0, "a mill", source="hall"))
    both = history(node)
    for source, text in (("gate", "a drill"), ("hall", "a mill"), ("gate", "a drill")):
        here = rule(node, f'source:{source} "drill" OR source:{source} "mill"')
        assert [texts(window) for window in both.windows(here, T0_S, T0_S + 9.0)] == [[text]]


def test_of_an_empty_log_there_is_nothing(node: Node) -> None:
    assert history(node).latest(rule(node, '"drill"'), 7.0, 10) is None
    assert replayed(node, rule(node, '"drill"')) == []
