"""What live matching told of a topic, a replay of that topic tells: the same incidents, to the last bit of evidence."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from uuid import uuid4

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from domain.errors import BadEvent
from domain.events import CoverageAdvanced, MomentDescribed, MomentWithdrawn, decode, encode
from domain.incident_events import Incident
from domain.log_places import Place
from domain.ports import MomentFact
from domain.topology import Topology
from search.replayed_history import ReplayReport
from search.rule_backtests import Tried, try_on_replay
from streams.kafka_clients import KafkaSettings
from streams.moment_log import KafkaMomentLog
from tests.search.rules_setting import T0_S, Node

PARTITIONS = 3
BATCH = 7  # facts matched at once
DAYS = 2.0
SMALL_TALK = ("the weather is nice", "I had soup for lunch", "my bus was late", "see you on Monday", "what a game")
RULES = {
    "words": '"drill"',
    "where": 'source:hall "drill"',
    "both": '"budget" while "ferries"',
    "seen-and-said": '(kind:scene a tripod) while "budget"',
    "meaning": "somebody asks for an ambulance",
    "scene": "kind:scene a forklift",
    "who": 'speaker:Ana "budget"',
    "in-view": "kind:scene speaker:Ana",
    "not": '"drill" -"fire"',
}


class Topic:
    def __init__(self, bootstrap: str, topology: Topology) -> None:
        self.kafka, self.name = KafkaSettings(bootstrap), f"moments-{uuid4().hex}"
        admin = AdminClient(self.kafka.confluent())
        admin.create_topics([NewTopic(self.name, PARTITIONS, 1)])[self.name].result(20)
        self.log = KafkaMomentLog(self.kafka, self.name, topology.limits, stretch=25)
        self._read: dict[int, int] = {}
        self._written_ms = int(time.time() * 1000)

    def publish(self, facts: Iterable[MomentFact | None]) -> None:
        producer = Producer(self.kafka.confluent())
        for fact in facts:
            self._written_ms += 1  # what is written in one millisecond has no order between partitions
            if fact is None:
                producer.produce(self.name, b"\xff damaged", b"gate", timestamp=self._written_ms)
            else:
                message = encode(fact)
                producer.produce(
                    self.name, message.value, message.key, timestamp=self._written_ms,
                    headers=list(message.headers.items()),
                )  # fmt: skip
            producer.poll(0)
        assert producer.flush(20) == 0

    def unread(self, count: int) -> list[tuple[MomentFact, Place]]:
        """The next `count` records, as they were written, without those that are damaged."""
        reader = Consumer(self.kafka.confluent() | {"group.id": "tests", "enable.auto.commit": False})
        found: list[tuple[MomentFact, Place]] = []
        try:
            reader.assign(
                [TopicPartition(self.name, each, self._read.get(each, OFFSET_BEGINNING)) for each in range(PARTITIONS)]
            )
            deadline_s = time.monotonic() + 30.0
            while count and time.monotonic() < deadline_s:
                record = reader.poll(0.5)
                if record is None or record.error() is not None:
                    continue
                count -= 1
                place = Place(record.partition() or 0, record.offset() or 0, record.timestamp()[1] / 1000)
                self._read[place.partition] = place.offset + 1
                headers = {str(name): bytes(value) for name, value in dict(record.headers() or []).items()}  # type: ignore[arg-type]
                try:
                    fact = decode(record.key(), record.value(), headers)
                except BadEvent:
                    continue
                assert isinstance(fact, MomentFact)
                found.append((fact, place))
            assert count == 0
            return sorted(found, key=lambda each: (each[1].written_s, each[1].partition, each[1].offset))
        finally:
            reader.close()


def live(node: Node, facts: list[tuple[MomentFact, Place]], now_s: float) -> None:
    """As the agents store_moments and match_rules do."""
    for at in range(0, len(facts), BATCH):
        batch = facts[at : at + BATCH]
        changes = [fact for fact, _ in batch if not isinstance(fact, CoverageAdvanced)]
        node.speakers.store(changes, now_s)
        node.stored.note([fact for fact in changes if isinstance(fact, MomentDescribed) and fact.is_final])
        node.matching.match([fact for fact, _ in batch], now_s, [place for _, place in batch])


def told(node: Node, rule_id: str) -> tuple[Incident, ...]:
    found = [each.incident for each in node.at_work.told(rule_id)]
    return tuple(sorted(found, key=lambda incident: (incident.start_s, incident.id)))


def before(node: Node) -> list[MomentFact]:
    """Days of small talk and of nothing in view, to learn from."""
    facts: list[MomentFact] = []
    for n in range(150):
        start_s = -8 * 86_400.0 + 1200.0 * n
        facts.append(node.moment("speech", start_s, SMALL_TALK[n % 5], voice=n % 2))
        facts.append(node.moment("scene", start_s + 1.0, ("a wall", "a door", "a lamp")[n % 3]))
    return facts


def after(node: Node) -> list[MomentFact | None]:
    said = [
        node.moment("speech", 0.0, "there is a fire drill at noon"),
        node.moment("scene", 10.0, "a tripod"),
        node.moment("speech", 11.0, "the budget is done at last", voice=0),
        node.moment("text", 12.0, "no ferries today, says the budget office"),
        node.moment("speech", 700.0, "please call an ambulance, somebody is hurt", voice=1),
        node.moment("scene", 900.0, "a forklift"),
        node.moment("speech", 2000.0, "another drill", source="hall"),
        node.moment("scene", 2001.0, "a forklift", source="hall"),
        node.moment("text", 2600.0, "drill over", source="yard"),
    ]
    draft = replace(node.moment("speech", 3000.0, "drill or mill"), is_final=False)
    early = node.moment("speech", 4000.0, "a drill that comes late")
    return [
        *said,
        draft,
        None,
        MomentWithdrawn(draft.source, "speech", draft.start_s, draft.encoder),
        said[0],  # what was read before a crash comes again
        said[4],
        node.moment("text", 4600.0, "the last drill of the day"),
        CoverageAdvanced("yard", "text", T0_S, T0_S + 3500.0, T0_S),  # what was there is over
        node.moment("text", 2700.0, "a drill that came late", source="yard"),
        early,  # out of order of time
        node.moment("text", 4300.0, "this drill was long over when it came"),
        *(node.moment("speech", 6000.0 + 20.0 * n, f"drill number {n}", source="hall") for n in range(12)),
        *(node.moment("text", 9000.0 + n, "drill", source=source) for n, source in enumerate("abcdefgh")),  # a storm
        replace(draft, text="it was a drill after all", is_final=True),
        CoverageAdvanced("hall", "speech", T0_S, T0_S + 9000.0, T0_S),
        node.moment("speech", 9100.0, "the budget again, and the ferries", voice=0),
        node.moment("scene", 9101.0, "a tripod"),
    ]


@pytest.mark.parametrize("fixture", ["tansu_broker", pytest.param("apache_kafka", marks=pytest.mark.kafka)])
def test_a_replay_tells_what_live_matching_told(
    fixture: str, request: pytest.FixtureRequest, topology: Topology, node: Node
) -> None:
    topic, now_s = Topic(request.getfixturevalue(fixture), topology), time.time()
    history = before(node)
    topic.publish(history)
    live(node, topic.unread(len(history)), now_s)
    ana = next(each for each in node.speakers.all())
    node.speakers.rename(ana.id, "Ana")
    for id, query in RULES.items():
        node.decide(query, id=id, name=id)
    facts = after(node)
    topic.publish(facts)
    live(node, topic.unread(len(facts)), now_s)
    for source in node.at_work.clocks_s():
        node.at_work.tick(source, 9e9)  # all is over
    rules = {known.rule.id: known.rule for known in node.at_work.all()}
    tried: dict[str, Tried] = {
        id: try_on_replay(rules[id], DAYS, node.encoders.rules, topic.log, node.stores.moments, node.speakers.resolve)
        for id in RULES
    }
    for id in RULES:
        assert tried[id].result.incidents == told(node, id), id
        assert tried[id].result.incidents, id
        assert tried[id].replay == ReplayReport(1, False, 0 if id in ("who", "in-view") else None)
        _, suppressed = node.at_work.suppressed(id)
        assert tried[id].result.suppressed == dict(suppressed), id
    for id in RULES.keys() - {"where"}:  # the hall had no days to learn from
        assert tried[id].learnt_from == "before"
        thresholds = node.at_work.thresholds(id)
        for source, threshold in tried[id].result.thresholds.items():
            assert threshold == thresholds[source], (id, source)
