"""Rules over a real store and the packaged encoders, without Kafka: what is published is at work at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from domain.alerts import AlertRaised
from domain.events import Modality, MomentDescribed, RuleRemoved, RuleSet, Vector
from domain.ports import PictureEncoder, SentenceEncoder
from domain.rule_drafts import RuleDraft, rule_of
from domain.rule_json import encode_rule
from search.collections import CollectionSpec
from search.just_stored import JustStored
from search.rule_backtests import learn_from
from search.rule_encoding import RuleEncoding
from search.rule_history import RuleHistory
from search.rule_matching import RuleMatching
from search.rules_at_work import RulesAtWork
from search.speakers import Speakers
from search.stores import EdgeFolder, Stores, open_store
from tests.search.logged_moments import LoggedMoments

T0_S = 1_790_000_000.0
VOICE_SIZE = 8


@dataclass(frozen=True)
class Encoders:
    sentences: SentenceEncoder
    pictures: PictureEncoder
    rules: RuleEncoding  # encodes its generic queries once

    @cache  # noqa: B019  (it lives as long as the tests)
    def text(self, text: str) -> Vector:
        return tuple(self.sentences.encode_texts([text])[0].tolist())

    @cache  # noqa: B019
    def picture(self, text: str) -> Vector:
        return tuple(self.pictures.encode_texts([text])[0].tolist())


class Node:
    """What a search node has of rules; another one over the same folder is that node after a restart."""

    def __init__(self, folder: Path, encoders: Encoders) -> None:
        self.encoders = encoders
        text, image = encoders.sentences.info.vector_size, encoders.pictures.info.vector_size
        specs = (
            CollectionSpec("scenes", "scene", {"image": image}, words=False, encoder=encoders.pictures.info.name),
            CollectionSpec("speech", "speech", {"text": text, "voice": VOICE_SIZE}, words=True, encoder="sentences"),
            CollectionSpec("texts", "text", {"text": text}, words=True, encoder="sentences"),
            CollectionSpec(
                "speakers", None, {"voice": VOICE_SIZE, "enrolled": VOICE_SIZE}, words=False, encoder="voices"
            ),
        )
        self.stores: Stores = open_store(EdgeFolder(folder), specs)
        self.speakers = Speakers(self.stores.moments, self.stores.speakers, VOICE_SIZE)
        self.history = RuleHistory(self.stores.moments, self.speakers.resolve)
        self.at_work = RulesAtWork(encoders.rules, lambda rule: learn_from(self.history, rule), self.speakers.label)
        self.stored = JustStored()
        self.matching = RuleMatching(self.at_work, self.stores.moments, self.stored, self.speakers.resolve)
        self.now_s = T0_S + 1000.0
        self.log = LoggedMoments()

    def decide(self, query: str, name: str = "", set_s: float = 1.0, id: str = "r1", **more: object) -> RuleSet:
        draft = RuleDraft(query, name, **more)  # type: ignore[arg-type]
        rule = rule_of(draft, id, self.speakers.resolve)
        event = RuleSet(id, encode_rule(rule).decode(), query, set_s)
        self.at_work.set(event)
        return event

    def store(self, *moments: MomentDescribed) -> None:
        self.speakers.store(moments, self.now_s)
        self.stored.note(moments)

    def see(self, *moments: MomentDescribed) -> list[AlertRaised]:
        """Stored, and then matched."""
        self.store(*moments)
        return self.matching.match(moments, self.now_s)

    async def publish(self, event: RuleSet | RuleRemoved) -> None:
        if isinstance(event, RuleSet):
            self.at_work.set(event)
        else:
            self.at_work.remove(event)

    def moment(
        self, modality: Modality, start_s: float, text: str, source: str = "gate", voice: int | None = None
    ) -> MomentDescribed:
        """From T0_S on; a scene looks like its text."""
        start_s += T0_S
        if modality == "scene":
            vector = {"image": self.encoders.picture(text)}
            key = f"{source}/thumbnails/{round(start_s * 1000)}.jpg"
            made_by = self.encoders.pictures.info.name
            return MomentDescribed(source, "scene", start_s, start_s + 4.0, made_by, vector, thumbnail_key=key)
        vectors = {"text": self.encoders.text(text)}
        if voice is not None:
            vectors["voice"] = tuple(np.eye(VOICE_SIZE)[voice].tolist())
        return MomentDescribed(source, modality, start_s, start_s + 4.0, "sentences", vectors, text)


def told(alerts: Sequence[AlertRaised]) -> list[tuple[str, str, str]]:
    return [(alert.facts.rule, alert.facts.state, alert.facts.text) for alert in alerts]
