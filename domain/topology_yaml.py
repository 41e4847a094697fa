"""topology.yaml -> Topology: all mistakes at once."""

from __future__ import annotations

import re
from collections.abc import Mapping

from domain.dead_letters import ENVELOPE_BYTES
from domain.events import KINDS, MODALITIES
from domain.topology_shape import (
    DEAD_LETTERS,
    PROCESSES,
    Agent,
    ChunkRules,
    Collection,
    EncoderChoice,
    Limits,
    SceneRules,
    Topic,
    Topology,
)
from domain.yaml_sections import Mistakes, Section, compose

_VERSION = 1
_TOPIC = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*")  # '_' is left out: Kafka's metrics can't tell it from '.'
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_GIB = 1 << 30
_NO_LIMITS = Limits(0, 0, 0.0, 0, 0.0)  # in place of those that hold a mistake, so that none is told twice


def parse_topology(text: str) -> Topology:
    """The topology in a YAML text.

    Raises ConfigError with every mistake at once, in the order of their lines, each saying what is allowed.
    """
    mistakes = Mistakes()
    root = Section(compose(text), "", mistakes)
    root.whole("version", _VERSION, _VERSION)
    topic_sections = root.sections("topics", _TOPIC)
    topics = {name: _topic(name, section) for name, section in topic_sections.items()}
    agent_sections = root.sections("agents", _NAME)
    collection_sections = root.sections("collections", _NAME)
    encoders = {name: _encoder(name, section) for name, section in root.sections("encoders", _NAME).items()}
    agents = {
        name: _agent(name, section, topics, encoders, collection_sections) for name, section in agent_sections.items()
    }
    collections = {name: _collection(name, section, encoders) for name, section in collection_sections.items()}
    limits = _limits(root, topics)
    scenes = _scenes(root)
    chunks = _chunks(root, limits)
    root.finish()
    if all(section.clean for section in agent_sections.values()):  # else a misspelt `stores` would be told twice
        _check_fed(collection_sections, agents)
    _check_modalities(collections, collection_sections)
    _check_letters(agents, topics, topic_sections)
    mistakes.raise_any()
    return Topology(topics, agents, collections, encoders, limits, scenes, chunks)


def _topic(name: str, section: Section) -> Topic:
    compacted = section.flag("compacted")
    hours = section.number("retention_hours", 0.01, 87_600) if section.has("retention_hours") else None
    topic = Topic(
        name, section.whole("partitions", 1, 1000), hours, compacted, section.whole("max_message_bytes", 1024, _GIB)
    )
    if section.clean and compacted == (hours is not None):
        section.refuse("retention_hours", "a topic has either retention_hours or compacted: true")
    section.finish()
    return topic


def _encoder(role: str, section: Section) -> EncoderChoice:
    name, vector_size = section.text("name"), section.whole("vector_size", 0, 65_536)
    if not section.clean:
        vector_size = 1  # else the collections would tell the same mistake again, as "makes no vectors"
    section.finish()
    return EncoderChoice(role, name, vector_size)


def _agent(
    name: str,
    section: Section,
    topics: Mapping[str, Topic],
    encoders: Mapping[str, EncoderChoice],
    collections: Mapping[str, Section],
) -> Agent:
    runs_in = section.text("runs_in", one_of=PROCESSES, what="process")
    # Where a whole section is missing, saying so once is enough.
    reads = section.text("reads", one_of=topics or None, what="topic")
    writes = section.texts("writes", one_of=topics or None, what="topic") if section.has("writes") else ()
    encoder = section.text("encoder", one_of=encoders or None, what="encoder") if section.has("encoder") else None
    stores = section.texts("stores", one_of=collections or None, what="collection") if section.has("stores") else ()
    if reads and reads in writes:
        section.refuse("writes", f"{reads!r} is the topic it reads: it would feed itself for ever")
    if stores and runs_in == "worker":
        section.refuse("stores", "only an agent with runs_in: node can store: the node's process owns the store")
    section.finish()
    return Agent(name, "node" if runs_in == "node" else "worker", reads, writes, encoder, stores)


def _collection(name: str, section: Section, encoders: Mapping[str, EncoderChoice]) -> Collection:
    wanted = section.text("modality", one_of=MODALITIES, what="modality") if section.has("modality") else ""
    modality = next((modality for modality in MODALITIES if modality == wanted), None)
    vectors: dict[str, str] = {}
    if (inner := section.section("vectors")) is not None:
        vectors = {vector: inner.text(vector, one_of=encoders or None, what="encoder") for vector in inner.names()}
        for vector, role in vectors.items():
            if role in encoders and encoders[role].vector_size == 0:
                inner.refuse(vector, f"encoder {role!r} makes no vectors (its vector_size is 0)")
        if inner.clean and not vectors:
            section.refuse("vectors", "is empty: name at least one vector and its encoder")
    words = section.flag("words")
    section.finish()
    return Collection(name, modality, vectors, words)


def _check_fed(sections: Mapping[str, Section], agents: Mapping[str, Agent]) -> None:
    for name, section in sections.items():
        if agents and not any(name in agent.stores for agent in agents.values()):
            section.refuse(None, "no agent stores into it; name it in an agent's stores")


def _check_modalities(collections: Mapping[str, Collection], sections: Mapping[str, Section]) -> None:
    first_of: dict[str, str] = {}
    for name, collection in collections.items():
        if collection.modality is None:
            continue
        first = first_of.setdefault(collection.modality, name) if sections[name].clean else name
        if first != name:
            sections[name].refuse("modality", f"{collection.modality!r} is already kept in {first!r}")


def _check_letters(agents: Mapping[str, Agent], topics: Mapping[str, Topic], sections: Mapping[str, Section]) -> None:
    """A dead letter holds the whole record that was refused, and more headers."""
    refused = {agent.reads for agent in agents.values() if DEAD_LETTERS in agent.writes} & set(topics)
    largest = max((topics[name].max_message_bytes + ENVELOPE_BYTES for name in refused), default=0)
    if DEAD_LETTERS in topics and sections[DEAD_LETTERS].clean and topics[DEAD_LETTERS].max_message_bytes < largest:
        sections[DEAD_LETTERS].refuse("max_message_bytes", f"can't hold the largest record refused: at least {largest}")


def _limits(root: Section, topics: Mapping[str, Topic]) -> Limits:
    section = root.section("limits")
    if section is None:
        return _NO_LIMITS
    limits = Limits(
        section.whole("max_inline_bytes", 0, _GIB),
        section.whole("max_chunk_bytes", 1024, _GIB),
        section.number("max_chunk_s", 1, 3600),
        section.whole("max_text_characters", 1, 10_000_000),
        section.number("max_clock_skew_s", 0, 31_536_000),
    )
    if section.clean:
        if limits.max_inline_bytes > limits.max_chunk_bytes:
            section.refuse("max_inline_bytes", "is more than max_chunk_bytes")
        for topic in (topics[f"media.{kind}"] for kind in KINDS if f"media.{kind}" in topics):
            if limits.max_inline_bytes >= topic.max_message_bytes:
                section.refuse(
                    "max_inline_bytes", f"an inline chunk would not fit topics.{topic.name}.max_message_bytes"
                )
    section.finish()
    return limits if section.clean else _NO_LIMITS


def _scenes(root: Section) -> SceneRules:
    section = root.section("scenes")
    if section is None:
        return SceneRules(1.0, 1.0)
    rules = SceneRules(section.number("frames_per_s", 0.01, 60), section.number("same_picture", 0, 1))
    section.finish()
    return rules


def _chunks(root: Section, limits: Limits) -> ChunkRules:
    section = root.section("chunks")
    if section is None:
        return ChunkRules(1.0, 1.0, 1.0)
    rules = ChunkRules(
        section.number("min_s", 0.1, 3600),
        section.number("max_s", 0.1, 3600),
        section.number("live_sound_s", 0.1, 3600),
    )
    if section.clean:
        for name, least_s in (("min_s", rules.min_s), ("live_sound_s", rules.live_sound_s)):
            if least_s > rules.max_s:
                section.refuse(name, "is more than max_s")
        if 0 < limits.max_chunk_s < rules.max_s:
            section.refuse("max_s", "is more than limits.max_chunk_s: what we publish ourselves would be refused")
    section.finish()
    return rules
