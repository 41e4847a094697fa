"""The search node's rules, put together."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from domain.events import RuleKept, RuleRemoved, RuleSet, RulesKept
from domain.ports import MomentStore, PictureEncoder, SentenceEncoder
from search.just_stored import JustStored
from search.kept_vectors import KeptVectors
from search.rule_backtests import learn_from
from search.rule_encoding import RuleEncoding
from search.rule_history import RuleHistory
from search.rule_matching import RuleMatching
from search.rules_at_work import RulesAtWork
from search.speakers import Speakers
from streams.compacted import latest
from streams.kafka_clients import KafkaSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RulesPart:
    at_work: RulesAtWork
    matching: RuleMatching
    stored: JustStored
    encoding: RuleEncoding
    history: RuleHistory


def rules_part(
    kafka: KafkaSettings,
    moments: MomentStore,
    speakers: Speakers,
    sentences: SentenceEncoder,
    pictures: PictureEncoder,
    voices: str,
    vectors: KeptVectors,
) -> RulesPart:
    """With the rules that were set and what was kept of them. Blocks. What can't be read is logged and left out.

    `voices` is the name of the encoder of voices; `vectors` has those of rules from before a restart.
    """
    encoding, stored = RuleEncoding(sentences, pictures, voices, vectors), JustStored()
    history = RuleHistory(moments, speakers.resolve)
    at_work = RulesAtWork(encoding, lambda rule: learn_from(history, rule), speakers.label)
    with _uncollected():
        events = [event for event in latest(kafka, "rules").values() if isinstance(event, RuleSet | RuleRemoved)]
        kept = [event for event in latest(kafka, "rules.state").values() if isinstance(event, RuleKept | RulesKept)]
        faults = at_work.start(events, kept)
    for fault in faults:
        log.warning("%s", fault)
    if encoding.encoded:
        log.info("%d texts that rules need were encoded: their vectors were not kept", encoding.encoded)
    return RulesPart(at_work, RuleMatching(at_work, moments, stored, speakers.resolve), stored, encoding, history)


@contextmanager
def _uncollected() -> Iterator[None]:
    """What thousands of rules are made of stays. To look through all of it for garbage, again and again as it grows,
    takes as long as to make it."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
