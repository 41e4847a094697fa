"""What the HTTP API is put together from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import time
from typing import Protocol

from domain.events import RuleRemoved, RuleSet, Vector
from domain.ports import EncoderInfo, MediaArchive, MomentLog, MomentStore
from domain.served_hosts import ServedHosts
from domain.stuck_stages import StuckStage
from search.answering import Answering
from search.api_webhooks import Webhooks
from search.clips import ClipOptions
from search.metrics import NodeMetrics
from search.request import BadQuery
from search.rule_encoding import RuleEncoding
from search.rule_history import RuleHistory
from search.rules_at_work import RulesAtWork
from search.service import SearchService
from search.signed_links import LinkSigner
from search.speakers import Speakers
from search.watermarks import Watermarks


class ExampleMedia(Protocol):
    """Media that somebody sends, read. Every method blocks, and raises BadRequest for what can't be read."""

    def picture(self, media: bytes) -> Vector: ...

    def clip(self, media: bytes) -> Vector: ...

    def voice(self, media: bytes) -> Vector:
        """Of the one person who speaks in it."""
        ...

    def speech(self, media: bytes) -> str:
        """What is said in it."""
        ...


@dataclass(frozen=True, slots=True)
class RuleParts:
    """`publish` tells every node what was decided of a rule; it is kept when it returns, and raises OSError when it
    can't be."""

    at_work: RulesAtWork
    encoding: RuleEncoding
    history: RuleHistory
    publish: Callable[[RuleSet | RuleRemoved], Awaitable[None]]
    log: MomentLog | None = None  # what rules can be tried on beside what is stored; None: on nothing


@dataclass(frozen=True, slots=True)
class ApiParts:
    """What the API serves. The callables are asked at every request that needs them, from threads."""

    service: SearchService
    store: MomentStore
    archive: MediaArchive
    watermarks: Watermarks
    metrics: NodeMetrics
    encoders: tuple[EncoderInfo, ...]
    clips: ClipOptions
    ready: Callable[[], tuple[bool, str]]  # whether new events are being stored, and if not, why
    lag: Callable[[], Mapping[str, int]]  # records not read yet, by topic
    speakers: Speakers
    examples: ExampleMedia
    stuck: Callable[[], Sequence[StuckStage]] = tuple  # stages that can't go on, of this process and of workers
    answering: Answering = field(default_factory=lambda: Answering(None))  # who writes answers: nobody, unless given
    webhooks: Webhooks | None = None  # None: this API knows of none
    rules: RuleParts | None = None  # None: this API knows of none
    signer: LinkSigner | None = None  # of links to media; None: this node makes none
    hosts: ServedHosts = field(default_factory=ServedHosts)  # as which it may be asked
    public_url: str | None = None  # what links begin with; None: what the request was sent to
    others: Callable[[], Mapping[str, str | None]] = dict  # what is wrong with each part beside this node, or None
    clock: Callable[[], float] = time  # Unix seconds

    def ids_of(self, who: str) -> tuple[str, ...]:
        """Of everybody meant by a name, a label or an id. Raises BadQuery when nobody is."""
        if ids := self.speakers.resolve(who):
            return ids
        raise BadQuery(self.speakers.nobody(who))
