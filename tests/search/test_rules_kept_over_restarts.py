"""What rules watch for is encoded once: its vectors are there after a restart, or it is encoded anew."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from domain.conditions import Condition, Graded, Meaning, SceneText
from domain.events import RuleRemoved, RuleSet, Vector
from domain.ports import EncoderInfo, Matrix, SentenceEncoder
from domain.rule_drafts import RuleDraft, rule_of
from domain.rule_json import encode_rule
from search.kept_texts import PROBES
from search.kept_vectors import KeptVectors
from search.query_bank import bank_queries
from search.rule_encoding import RuleEncoding
from search.rules_at_work import RulesAtWork
from tests.search.rules_setting import Encoders

FILE = "rule-vectors.sqlite"
QUERIES = ("somebody asks for an ambulance", "kind:scene a red bicycle", '"fire drill"', "the lift is broken")


_made: dict[tuple[str, str], Vector] = {}  # by encoder and text: the generic queries take a second each time


class Counting:
    """An encoder that tells what it was given to read."""

    def __init__(self, encoder: SentenceEncoder, turned: bool = False) -> None:
        self._encoder, self._turned = encoder, turned
        self.read: list[str] = []

    @property
    def info(self) -> EncoderInfo:
        return self._encoder.info

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        self.read += texts
        name = self.info.name
        if unknown := [text for text in texts if (name, text) not in _made]:
            rows = self._encoder.encode_texts(unknown).tolist()
            _made.update({(name, text): tuple(row) for text, row in zip(unknown, rows, strict=True)})
        made = np.array([_made[name, text] for text in texts], np.float32)
        return np.ascontiguousarray(made[:, ::-1]) if self._turned else made


class Started:
    """A node's rules, started over a folder."""

    def __init__(
        self, folder: Path, encoders: Encoders, events: Sequence[RuleSet | RuleRemoved], other_weights: bool = False
    ) -> None:
        self.sentences = Counting(encoders.sentences, other_weights)
        self.pictures = Counting(encoders.pictures, other_weights)
        self.encoding = RuleEncoding(self.sentences, self.pictures, "voices", KeptVectors(folder / FILE))
        self.at_work = RulesAtWork(self.encoding, lambda _: [], lambda _: None)
        self.faults = self.at_work.start(events)

    @property
    def read(self) -> set[str]:
        """What was encoded, apart from what an encoder is known by."""
        return {*self.sentences.read, *self.pictures.read} - set(PROBES)


def texts_of(queries: Sequence[str]) -> Iterator[str]:
    yield from (query.removeprefix("kind:scene ") for query in queries if not query.startswith('"'))


def events_of(*queries: str) -> list[RuleSet | RuleRemoved]:
    return [set_to(query, f"r{at}") for at, query in enumerate(queries)]


def set_to(query: str, id: str, set_s: float = 1.0) -> RuleSet:
    rule = rule_of(RuleDraft(query), id, lambda who: (who,))
    return RuleSet(id, encode_rule(rule).decode(), query, set_s)


def all_on_file(folder: Path) -> set[str]:
    with closing(sqlite3.connect(folder / FILE)) as kept:
        return {text for (text,) in kept.execute("SELECT text FROM vectors")}


def on_file(folder: Path) -> set[str]:
    return all_on_file(folder) - set(bank_queries())


def test_a_second_start_encodes_nothing(tmp_path: Path, rule_encoders: Encoders) -> None:
    first = Started(tmp_path, rule_encoders, events_of(*QUERIES))
    assert first.read == {*texts_of(QUERIES), *bank_queries()}
    second = Started(tmp_path, rule_encoders, events_of(*QUERIES))
    assert (second.read, second.faults) == (set(), [])
    assert len(second.at_work.all()) == len(QUERIES)


def vectors_from(folder: Path, encoders: Encoders, other_weights: bool = False) -> list[dict[Graded, Vector]]:
    conditions: list[Condition] = [Meaning("the lift is broken"), SceneText("a red bicycle")]
    sentences, pictures = Counting(encoders.sentences, other_weights), Counting(encoders.pictures, other_weights)
    encoding = RuleEncoding(sentences, pictures, "voices", KeptVectors(folder / FILE))
    return [dict(each) for each in encoding.vectors_of_all(conditions)]


def test_the_vectors_are_those_that_were_made_to_the_bit(tmp_path: Path, rule_encoders: Encoders) -> None:
    made = vectors_from(tmp_path, rule_encoders)
    sentences, pictures = rule_encoders.sentences.info.name, rule_encoders.pictures.info.name
    assert made == [
        {Meaning("the lift is broken"): _made[sentences, "the lift is broken"]},
        {SceneText("a red bicycle"): _made[pictures, "a red bicycle"]},
    ]
    assert vectors_from(tmp_path, rule_encoders) == made


def test_other_weights_of_the_same_name_get_none_of_them(tmp_path: Path, rule_encoders: Encoders) -> None:
    made = vectors_from(tmp_path, rule_encoders)
    others = vectors_from(tmp_path, rule_encoders, other_weights=True)
    assert others == [{leaf: vector[::-1] for leaf, vector in each.items()} for each in made]
    again = Started(tmp_path, rule_encoders, events_of("the lift is broken"), other_weights=True)
    assert "the lift is broken" not in again.sentences.read
    back = Started(tmp_path, rule_encoders, events_of("the lift is broken"))
    assert "the lift is broken" in back.sentences.read  # the others' start left only its own


@pytest.mark.parametrize("damage", ["not a database", "in the middle", "cut off"])
def test_a_damaged_file_is_begun_anew(
    damage: str, tmp_path: Path, rule_encoders: Encoders, caplog: pytest.LogCaptureFixture
) -> None:
    made, file = vectors_from(tmp_path, rule_encoders), tmp_path / FILE
    whole = file.read_bytes()
    half = len(whole) // 2
    broken = {
        "not a database": b"once upon a time " * 100,
        "in the middle": whole[:200] + b"\xff" * (len(whole) - 400) + whole[-200:],
        "cut off": whole[:half],
    }
    file.write_bytes(broken[damage])
    assert vectors_from(tmp_path, rule_encoders) == made
    assert f"{FILE} is damaged" in caplog.text
    caplog.clear()
    assert "a red bicycle" not in Started(tmp_path, rule_encoders, events_of("kind:scene a red bicycle")).read
    assert caplog.text == ""


def test_a_vector_that_has_changed_on_the_disk_is_not_used(tmp_path: Path, rule_encoders: Encoders) -> None:
    made = vectors_from(tmp_path, rule_encoders)
    with closing(sqlite3.connect(tmp_path / FILE)) as kept, kept:
        kept.execute("UPDATE vectors SET vector = zeroblob(1536) WHERE text = 'a red bicycle'")
    assert vectors_from(tmp_path, rule_encoders) == made


def test_without_a_place_for_it_rules_work_as_well(
    tmp_path: Path, rule_encoders: Encoders, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE).mkdir()
    assert Started(tmp_path, rule_encoders, events_of(*QUERIES)).faults == []
    assert caplog.text.count("can't be used") == 1  # and not for every rule


def test_a_file_that_another_process_holds_is_left_alone(
    tmp_path: Path, rule_encoders: Encoders, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    Started(tmp_path, rule_encoders, events_of(*QUERIES))
    before = on_file(tmp_path)
    monkeypatch.setattr("search.kept_vectors.PATIENCE_S", 0.01)
    with closing(sqlite3.connect(tmp_path / FILE)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert Started(tmp_path, rule_encoders, events_of("a stolen bicycle")).faults == []
    assert "can't be used" in caplog.text
    assert on_file(tmp_path) == before


def test_what_no_rule_asks_for_any_more_leaves(tmp_path: Path, rule_encoders: Encoders) -> None:
    started = Started(tmp_path, rule_encoders, [set_to("the lift is broken", "a"), set_to("a power cut", "b")])
    assert on_file(tmp_path) == {"the lift is broken", "a power cut"}
    started.at_work.set(set_to("the stairs are blocked", "a", set_s=2.0))
    assert on_file(tmp_path) == {"the stairs are blocked", "a power cut"}
    started.at_work.remove(RuleRemoved("b", 3.0))
    started.at_work.warm()
    assert on_file(tmp_path) == {"the stairs are blocked"}
    assert b"power cut" not in (tmp_path / FILE).read_bytes()


def test_a_rule_that_comes_back_is_kept_again(tmp_path: Path, rule_encoders: Encoders) -> None:
    started = Started(tmp_path, rule_encoders, events_of("a power cut", "kind:scene a red bicycle"))
    before = all_on_file(tmp_path)
    for at in range(2):
        started.at_work.remove(RuleRemoved(f"r{at}", 2.0))
    started.at_work.warm()
    assert all_on_file(tmp_path) == set(bank_queries())
    started.at_work.set(set_to("a power cut", "r0", set_s=3.0))
    started.at_work.set(set_to("kind:scene a red bicycle", "r1", set_s=3.0))
    assert all_on_file(tmp_path) == before
    again = Started(tmp_path, rule_encoders, events_of("a power cut", "kind:scene a red bicycle"))
    assert again.read == set()


def test_what_two_rules_ask_for_stays_for_the_other(tmp_path: Path, rule_encoders: Encoders) -> None:
    started = Started(tmp_path, rule_encoders, [set_to("a power cut", "a"), set_to("a power cut kind:text", "b")])
    started.at_work.remove(RuleRemoved("a", 2.0))
    started.at_work.warm()
    assert on_file(tmp_path) == {"a power cut"}


def test_a_rule_removed_while_nobody_was_at_work_leaves_at_the_next_start(
    tmp_path: Path, rule_encoders: Encoders
) -> None:
    Started(tmp_path, rule_encoders, events_of("the lift is broken", "a power cut"))
    Started(tmp_path, rule_encoders, events_of("the lift is broken"))
    assert on_file(tmp_path) == {"the lift is broken"}
    Started(tmp_path, rule_encoders, [])
    assert on_file(tmp_path) == set()


def test_what_is_only_tried_is_not_kept(tmp_path: Path, rule_encoders: Encoders) -> None:
    started = Started(tmp_path, rule_encoders, events_of("the lift is broken"))
    started.encoding.vectors(Meaning("a stolen bicycle"))
    assert on_file(tmp_path) == {"the lift is broken"}


def test_only_this_user_may_read_it(tmp_path: Path, rule_encoders: Encoders) -> None:
    (tmp_path / FILE).touch(0o644)
    Started(tmp_path, rule_encoders, events_of("the lift is broken"))
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
