"""Every class of mistake in topology.yaml is told with its line and what is allowed; all of them at once."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ConfigError
from domain.topology import Agent, ChunkRules, Collection, EncoderChoice, Topic, parse_topology, to_mermaid

FILE = (Path(__file__).parents[2] / "topology.yaml").read_text(encoding="utf-8")

SMALL = """\
version: 1
topics:
  media.video: {partitions: 2, retention_hours: 0.5, max_message_bytes: 16777216}
  moments:
    partitions: 1
    compacted: true
    max_message_bytes: 2048
agents:
  describe:
    runs_in: worker
    reads: media.video
    writes:
      - moments
    encoder: pictures
  store: {runs_in: node, reads: moments, stores: [scenes]}
collections:
  scenes: {modality: scene, vectors: {image: pictures}}
encoders:
  pictures: {name: big, vector_size: 8}
  speech: {name: ears, vector_size: 0}
limits:
  max_inline_bytes: 100
  max_chunk_bytes: 2000
  max_text_characters: 10
  max_clock_skew_s: 1.5
  max_chunk_s: 4
scenes: {frames_per_s: 1, same_picture: 0.9}
chunks: {min_s: 2, max_s: 4, live_sound_s: 1}
"""


def mistakes(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse_topology(text)
    return list(caught.value.mistakes)


def changed(old: str, new: str) -> str:
    assert SMALL.count(old) == 1, f"{old!r} must stand in SMALL once"
    return SMALL.replace(old, new)


def test_reads_the_small_file_into_values() -> None:
    topology = parse_topology(SMALL)

    assert topology.topics == {
        "media.video": Topic("media.video", 2, 0.5, False, 16777216),
        "moments": Topic("moments", 1, None, True, 2048),
    }
    assert topology.agents == {
        "describe": Agent("describe", "worker", "media.video", ("moments",), "pictures", ()),
        "store": Agent("store", "node", "moments", (), None, ("scenes",)),
    }
    assert topology.collections == {"scenes": Collection("scenes", "scene", {"image": "pictures"}, False)}
    assert topology.encoders == {
        "pictures": EncoderChoice("pictures", "big", 8),
        "speech": EncoderChoice("speech", "ears", 0),
    }
    assert (topology.limits.max_inline_bytes, topology.limits.max_clock_skew_s) == (100, 1.5)
    assert (topology.scenes.frames_per_s, topology.scenes.same_picture) == (1.0, 0.9)
    assert topology.chunks == ChunkRules(2.0, 4.0, 1.0)


def test_a_collection_without_a_modality_keeps_no_moments() -> None:
    text = changed("stores: [scenes]}\n", "stores: [scenes, people]}\n").replace(
        "collections:\n", "collections:\n  people: {vectors: {voice: pictures}}\n"
    )
    assert parse_topology(text).collections["people"] == Collection("people", None, {"voice": "pictures"}, False)


def test_our_own_file_has_no_mistakes() -> None:
    assert parse_topology(FILE).agents["store_moments"].stores == ("scenes", "speech", "texts", "speakers")


ONE_MISTAKE = {
    "unknown key": (
        "    encoder: pictures\n",
        "    encodr: pictures\n",
        "line 14: agents.describe.encodr: unknown key (did you mean 'encoder'?); "
        "allowed: runs_in, reads, writes, encoder, stores",
    ),
    "unknown section": (
        "scenes: {frames",
        "zeal: 1\nscenes: {frames",
        "line 27: zeal: unknown key; allowed: version, topics, agents, collections, encoders, limits, scenes, chunks",
    ),
    "missing key": ("partitions: 2, ", "", "line 3: topics.media.video.partitions: is missing"),
    "missing section": ("chunks: {min_s: 2, max_s: 4, live_sound_s: 1}\n", "", "line 1: chunks: is missing"),
    "duplicate name": (
        "  speech: {name: ears, vector_size: 0}",
        "  speech: {name: ears, vector_size: 0}\n  speech: {name: eyes, vector_size: 0}",
        "line 21: encoders.speech: duplicate key; first on line 20",
    ),
    "text for a number": (
        "partitions: 2",
        "partitions: many",
        "line 3: topics.media.video.partitions: must be a whole number from 1 to 1000, not the text 'many'",
    ),
    "fraction for a whole number": (
        "partitions: 2",
        "partitions: 2.5",
        "line 3: topics.media.video.partitions: must be a whole number from 1 to 1000, not the number '2.5'",
    ),
    "out of range": (
        "partitions: 2",
        "partitions: 0",
        "line 3: topics.media.video.partitions: must be a whole number from 1 to 1000, not the number '0'",
    ),
    "not a number": (
        "same_picture: 0.9",
        "same_picture: .nan",
        "line 27: scenes.same_picture: must be a number from 0 to 1, not the number '.nan'",
    ),
    "number for a name": (
        "name: big",
        "name: 5",
        "line 19: encoders.pictures.name: must be a name, not the number '5'",
    ),
    "nothing for a name": (
        "    reads: media.video\n",
        "    reads:\n",
        "line 11: agents.describe.reads: must be a name, not nothing",
    ),
    "text for a flag": (
        "compacted: true",
        "compacted: maybe",
        "line 6: topics.moments.compacted: must be true or false, not the text 'maybe'",
    ),
    "name for a list": (
        "stores: [scenes]",
        "stores: scenes",
        "line 15: agents.store.stores: must be a list ([a, b]), not the text 'scenes'",
    ),
    "list for a mapping": (
        "limits:\n  max_inline_bytes: 100\n  max_chunk_bytes: 2000\n  max_text_characters: 10\n"
        "  max_clock_skew_s: 1.5\n  max_chunk_s: 4\n",
        "limits: [1]\n",
        "line 21: limits: must be a mapping (key: value), not a list",
    ),
    "listed twice": (
        "      - moments\n",
        "      - moments\n      - moments\n",
        "line 14: agents.describe.writes: 'moments' stands here twice",
    ),
    "unknown topic read": (
        "    reads: media.video\n",
        "    reads: media.vidoe\n",
        "line 11: agents.describe.reads: 'media.vidoe' is no topic (did you mean 'media.video'?); "
        "allowed: media.video, moments",
    ),
    "unknown topic written": (
        "      - moments\n",
        "      - nowhere\n",
        "line 13: agents.describe.writes: 'nowhere' is no topic; allowed: media.video, moments",
    ),
    "unknown process": (
        "runs_in: worker",
        "runs_in: workers",
        "line 10: agents.describe.runs_in: 'workers' is no process (did you mean 'worker'?); allowed: worker, node",
    ),
    "unknown encoder of an agent": (
        "encoder: pictures",
        "encoder: picture",
        "line 14: agents.describe.encoder: 'picture' is no encoder (did you mean 'pictures'?); "
        "allowed: pictures, speech",
    ),
    "unknown encoder of a vector": (
        "{image: pictures}",
        "{image: pixels}",
        "line 17: collections.scenes.vectors.image: 'pixels' is no encoder; allowed: pictures, speech",
    ),
    "encoder without vectors": (
        "{image: pictures}",
        "{image: speech}",
        "line 17: collections.scenes.vectors.image: encoder 'speech' makes no vectors (its vector_size is 0)",
    ),
    "no vectors": (
        "{image: pictures}",
        "{}",
        "line 17: collections.scenes.vectors: is empty: name at least one vector and its encoder",
    ),
    "unknown modality": (
        "modality: scene",
        "modality: smell",
        "line 17: collections.scenes.modality: 'smell' is no modality; allowed: scene, speech, text",
    ),
    "modality kept twice": (
        "stores: [scenes]}\ncollections:\n",
        "stores: [scenes, more]}\ncollections:\n  more: {modality: scene, vectors: {image: pictures}}\n",
        "line 18: collections.scenes.modality: 'scene' is already kept in 'more'",
    ),
    "unknown collection": (
        "stores: [scenes]",
        "stores: [scenes, scene]",
        "line 15: agents.store.stores: 'scene' is no collection (did you mean 'scenes'?); allowed: scenes",
    ),
    "collection fed by nobody": (
        ", stores: [scenes]",
        "",
        "line 17: collections.scenes: no agent stores into it; name it in an agent's stores",
    ),
    "agent feeding itself": (
        "      - moments\n",
        "      - moments\n      - media.video\n",
        "line 12: agents.describe.writes: 'media.video' is the topic it reads: it would feed itself for ever",
    ),
    "worker that stores": (
        "  store: {runs_in: node",
        "  store: {runs_in: worker",
        "line 15: agents.store.stores: only an agent with runs_in: node can store: the node's process owns the store",
    ),
    "retention of a compacted topic": (
        "    compacted: true\n",
        "    compacted: true\n    retention_hours: 1\n",
        "line 7: topics.moments.retention_hours: a topic has either retention_hours or compacted: true",
    ),
    "neither retention nor compaction": (
        "retention_hours: 0.5, ",
        "",
        "line 3: topics.media.video.retention_hours: a topic has either retention_hours or compacted: true",
    ),
    "inline above the chunk limit": (
        "max_inline_bytes: 100",
        "max_inline_bytes: 3000",
        "line 22: limits.max_inline_bytes: is more than max_chunk_bytes",
    ),
    "shortest above longest": ("min_s: 2", "min_s: 5", "line 28: chunks.min_s: is more than max_s"),
    "live sound above longest": (
        "live_sound_s: 1",
        "live_sound_s: 5",
        "line 28: chunks.live_sound_s: is more than max_s",
    ),
    "chunks that would be refused": (
        "max_s: 4",
        "max_s: 5",
        "line 28: chunks.max_s: is more than limits.max_chunk_s: what we publish ourselves would be refused",
    ),
    "list for a key": (
        "chunks: {min_s: 2",
        "chunks: {[1]: 2, min_s: 2",
        "line 28: chunks: a key must be a name, not a list",
    ),
    "other version": (
        "version: 1",
        "version: 2",
        "line 1: version: must be a whole number from 1 to 1, not the number '2'",
    ),
    "empty section": (
        "agents:\n  describe:\n    runs_in: worker\n    reads: media.video\n    writes:\n      - moments\n"
        "    encoder: pictures\n  store: {runs_in: node, reads: moments, stores: [scenes]}\n",
        "agents: {}\n",
        "line 8: agents: is empty",
    ),
}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    ONE_MISTAKE.values(),
    ids=ONE_MISTAKE.keys(),
)
def test_tells_one_mistake_and_only_it(old: str, new: str, expected: str) -> None:
    assert mistakes(changed(old, new)) == [expected]


def test_tells_a_duplicate_key_with_both_lines() -> None:
    text = changed("    reads: media.video\n", "    reads: moments\n    reads: media.video\n")

    # The first of the two counts: it is the topic this agent writes.
    assert mistakes(text) == [
        "line 12: agents.describe.reads: duplicate key; first on line 11",
        "line 13: agents.describe.writes: 'moments' is the topic it reads: it would feed itself for ever",
    ]


def test_an_inline_chunk_must_fit_a_message() -> None:
    text = changed("max_message_bytes: 16777216", "max_message_bytes: 1024").replace(
        "max_inline_bytes: 100", "max_inline_bytes: 1024"
    )

    assert mistakes(text) == [
        "line 22: limits.max_inline_bytes: an inline chunk would not fit topics.media.video.max_message_bytes"
    ]


def test_a_dead_letter_must_hold_the_largest_record_refused() -> None:
    text = changed(
        "agents:\n", "  dead-letters: {partitions: 1, retention_hours: 1, max_message_bytes: 16777216}\nagents:\n"
    )
    text = text.replace("      - moments\n", "      - moments\n      - dead-letters\n")

    assert mistakes(text) == [
        "line 8: topics.dead-letters.max_message_bytes: can't hold the largest record refused: at least 16842752"
    ]


def test_a_topic_name_has_a_form_that_kafka_and_the_picture_can_tell_apart() -> None:
    found = mistakes(changed("  media.video: {", "  Media_Video: {"))

    assert found[0].startswith("line 3: topics.Media_Video: 'Media_Video' is not a name of this form: ")


def test_tells_all_mistakes_at_once_in_the_order_of_their_lines() -> None:
    text = (
        SMALL.replace("partitions: 2", "partitions: two")
        .replace("runs_in: worker", "runs_in: wrker")
        .replace("vector_size: 8", "vector_size: -8")
        .replace("min_s: 2", "min_s: two")
    )

    assert [mistake.split(":")[0] for mistake in mistakes(text)] == ["line 3", "line 10", "line 19", "line 28"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "line 1: the file is empty"),
        ("# nothing\n", "line 1: the file is empty"),
        ("just words", "line 1: must be a mapping (key: value), not the text 'just words'"),
        ("a:\n  - b\n - c\n", "line 3: not YAML: expected <block end>, but found '<block sequence start>'"),
        ("a: [1", "line 1: not YAML: expected ',' or ']', but got '<stream end>'"),
        ("a: 1\n--- \nb: 2\n", "line 2: not YAML: but found another document"),
        ("a: \x00", "not YAML: "),
        ("a: &all [1]\nb: *all\n", "line 2: aliases (*name) are not allowed"),
        ("a: " + "[" * 1000, "line 1: nested more than 10 deep"),
        ("a: " + "x" * 10_000_000, "the file has 10000003 characters; at most 200000 are read"),
    ],
)
def test_what_is_no_topology_at_all_is_told_in_one_line(text: str, expected: str) -> None:
    (only,) = mistakes(text)

    assert only.startswith(expected)


def test_a_bomb_of_aliases_is_refused_before_it_grows() -> None:
    levels = [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]

    assert mistakes("\n".join(["a0: &a0 [lol]", *levels])) == ["line 2: aliases (*name) are not allowed"]


@given(st.text(max_size=200))
def test_any_text_gives_a_config_error_and_nothing_else(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_topology(text)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=5,
)


@given(st.data())
def test_any_value_in_any_place_is_read_or_told(data: st.DataObject) -> None:
    parsed = yaml.safe_load(SMALL)
    place = parsed
    while True:
        key = data.draw(st.sampled_from(sorted(place)))
        if not isinstance(place[key], dict) or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(VALUES)
    text = yaml.safe_dump(parsed, sort_keys=False, allow_unicode=True)

    try:
        parse_topology(text)
    except ConfigError as error:
        assert error.mistakes and all(mistake.startswith("line ") for mistake in error.mistakes)


def test_the_picture_of_the_small_file() -> None:
    assert to_mermaid(parse_topology(SMALL)) == (
        "flowchart LR\n"
        "  publishers([publishers])\n"
        '  topic_media_video[/"media.video"/]\n'
        '  topic_moments[/"moments"/]\n'
        "  subgraph worker\n"
        '    agent_describe["describe"]\n'
        "  end\n"
        "  subgraph node\n"
        '    agent_store["store"]\n'
        "  end\n"
        '  collection_scenes[("scenes")]\n'
        "  publishers --> topic_media_video\n"
        "  topic_media_video --> agent_describe\n"
        "  agent_describe --> topic_moments\n"
        "  topic_moments --> agent_store\n"
        "  agent_store --> collection_scenes\n"
    )
