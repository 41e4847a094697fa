"""The search node: stores moments as they come and answers searches; one process, as Qdrant Edge has one owner."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import time
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from typing import Any

import uvicorn

import encoders
from domain.errors import BadEvent, BadRequest
from domain.events import CoverageAdvanced, EventRejected, MomentDescribed, RuleRemoved, RuleSet, WatermarkAdvanced
from domain.ports import EncoderInfo
from domain.served_hosts import ServedHosts
from domain.topology import DEAD_LETTERS
from nowseen.answer_choice import chat_model
from nowseen.collection_specs import collection_specs
from nowseen.connections import kafka_settings
from nowseen.encoder_choice import encoder_options, wanted_encoders
from nowseen.example_media import ExampleReader
from nowseen.faust_process import assigned, running
from nowseen.finer_frames import frames_of
from nowseen.group_watch import GroupWatch, watch_group
from nowseen.lag import report_lag
from nowseen.native_libraries import tune_native_libraries
from nowseen.part_states import part_faults
from nowseen.rules_part import rules_part
from nowseen.settings import Settings, load_topology
from nowseen.stuck import StuckStages
from nowseen.voice_clips import voice_reader
from nowseen.webhook_parts import link_signer, webhook_service
from nowseen.worker import GROUP as WORKER_GROUP
from search.answering import Answering
from search.api import ApiParts, create_api
from search.api_parts import RuleParts
from search.clips import ClipOptions
from search.finer_pictures import FinerPictures
from search.kept_vectors import KeptVectors
from search.metrics import NodeMetrics
from search.query_bank import QueryBank
from search.reranking import Reranking
from search.service import SearchService
from search.speakers import Speakers
from search.stores import EdgeFolder, QdrantServer, open_store
from search.watermarks import Watermarks
from streams.agents.deliver_alerts import deliver_alerts
from streams.agents.match_rules import match_rules
from streams.agents.store_moments import store_moments
from streams.agents.watch_dead_letters import watch_dead_letters
from streams.agents.watch_rules import watch_rules
from streams.app import make_app, make_topics, quiet_loggers
from streams.archive import FsspecArchive
from streams.compacted import latest, latest_records
from streams.kafka_clients import wait_until_reachable
from streams.moment_log import KafkaMomentLog
from streams.outbox import Outbox
from streams.partition_ends import PartitionEnds
from streams.topics import create_topics
from streams.webhooks import WebhookService

log = logging.getLogger(__name__)

GROUP = "nowseen-node"


def run_node(settings: Settings) -> None:
    """Blocks until SIGTERM or SIGINT. Raises ConfigError for what is set up wrongly."""
    # One thread a query: a sentence is little work, and threads that wait for each other wait for the worker too.
    tune_native_libraries(threads=1)
    quiet_loggers()
    topology = load_topology(settings)
    kafka = kafka_settings(settings)
    wait_until_reachable(kafka, timeout_s=30.0)
    create_topics(kafka, topology, settings.kafka_replication)
    names, options = wanted_encoders(settings, topology), encoder_options(settings)
    sentences = encoders.load("sentences", names["sentences"], options)
    pictures = encoders.load("pictures", names["pictures"], options)
    voices = encoders.load("voices", names["voices"], options)
    infos: dict[str, EncoderInfo] = {"sentences": sentences.info, "pictures": pictures.info, "voices": voices.info}
    key = settings.qdrant_api_key
    location = (
        EdgeFolder(settings.data / "index")
        if settings.qdrant_url is None
        else QdrantServer(settings.qdrant_url, key.get_secret_value() if key is not None else None)
    )
    stores = open_store(location, collection_specs(topology, infos))
    speakers = Speakers(stores.moments, stores.speakers, voices.info.vector_size)
    watermarks = Watermarks()
    for event in latest(kafka, "watermarks").values():
        if isinstance(event, WatermarkAdvanced):
            watermarks.advance(event)
    metrics = NodeMetrics(watermarks)
    archive = FsspecArchive(settings.archive_url)
    reranker = encoders.load("reranker", names["reranker"], options) if "reranker" in names else None
    shown = (*infos.values(), reranker.info) if reranker is not None else tuple(infos.values())
    finer = FinerPictures(archive, pictures, QueryBank(pictures), frames_of) if settings.finer_pictures else None
    service = SearchService(stores.moments, sentences, pictures, reranking=Reranking(reranker, finer))
    vectors = KeptVectors(settings.data / "rule-vectors.sqlite")
    rules = rules_part(kafka, stores.moments, speakers, sentences, pictures, voices.info.name, vectors)
    app = make_app(GROUP, kafka, topology)
    topics = make_topics(app, topology)
    outbox = Outbox(topics, topology.topics[DEAD_LETTERS].max_message_bytes)
    signer = link_signer(settings)
    webhooks = webhook_service(settings, kafka, archive, signer, metrics.webhook)

    def covered(coverage: CoverageAdvanced, watermark: WatermarkAdvanced) -> None:
        watermarks.advance(watermark)
        metrics.covered(coverage)

    def was_stored(moments: Sequence[MomentDescribed], stored_s: float) -> None:
        metrics.stored(moments, stored_s)
        rules.stored.note(moments)

    async def decided(event: RuleSet | RuleRemoved) -> None:
        try:
            await outbox.send("rules", [event])
        except BadEvent as bad:
            raise BadRequest(f"the rule can't be kept: {bad}") from bad

    def rejected(letter: EventRejected) -> None:
        metrics.rejected(letter.topic)

    store_moments(
        app,
        topics["moments"],
        outbox,
        speakers.store,
        speakers.settle,
        speakers.flush,
        topology.limits,
        was_stored,
        on_coverage=covered,
    )
    match_rules(
        app, topics["moments"], outbox, rules.matching.match, rules.at_work.keep, topology.limits,
        PartitionEnds(app, "moments").all_reached,
    )  # fmt: skip
    watch_rules(app, topics["rules"], outbox, rules.at_work.decide, rules.at_work.warm, topology.limits)
    watch_dead_letters(app, topics["dead-letters"], rejected)
    deliver_alerts(app, topics["alerts"], outbox, webhooks.tell, topology.limits)
    lag: dict[str, int] = {}
    stuck = StuckStages(lambda: latest_records(kafka, "stages"))
    workers = GroupWatch()
    api = create_api(
        ApiParts(
            service=service,
            store=stores.moments,
            archive=archive,
            watermarks=watermarks,
            metrics=metrics,
            encoders=shown,
            clips=ClipOptions(settings.data / "clips"),
            ready=lambda: _readiness(app),
            lag=lambda: dict(lag),
            stuck=lambda: stuck.now(time.monotonic()),
            others=lambda: _others(workers, settings),
            speakers=speakers,
            examples=ExampleReader(
                pictures,
                voice_reader(voices, encoders.voice_activity),
                lambda: encoders.load("speech", names["speech"], options),
            ),
            answering=Answering(chat_model(settings)),
            webhooks=webhooks,
            rules=RuleParts(
                rules.at_work, rules.encoding, rules.history, decided, KafkaMomentLog(kafka, "moments", topology.limits)
            ),
            signer=signer,
            public_url=settings.api_url,
            hosts=ServedHosts(settings.api_host, settings.allowed_hosts),
        )
    )
    worked = dict.fromkeys(("media.video", "media.audio", "media.text"), WORKER_GROUP)
    groups = worked | dict.fromkeys(("moments", "alerts"), GROUP)
    try:
        reports = (
            report_lag(kafka, groups, lag.__setitem__),
            watch_group(kafka, WORKER_GROUP, workers.push),
            stuck.watch(),
        )
        asyncio.run(_serve(app, api, webhooks, reports, settings))
    finally:
        stores.close()


def _readiness(app: Any) -> tuple[bool, str]:
    if app.crashed:
        return False, "the store agent has stopped; the supervisor restarts this process"
    if not app.consumer.assignment():
        return False, "waiting for the broker to assign the topic of moments"
    return True, "ready"


def _others(workers: GroupWatch, settings: Settings) -> Mapping[str, str | None]:
    """Joins what the broker knows of the workers and what the supervisor, where there is one, knows of all it runs."""
    faults = part_faults(settings.parts_file, time.time(), "node") if settings.parts_file is not None else {}
    now_s = time.monotonic()
    if "worker" not in faults or (faults["worker"] is None and workers.is_known(now_s)):
        faults["worker"] = workers.fault(now_s)
    return faults


class _Server(uvicorn.Server):
    """Leaves the signals alone: one handler stops the server and the agents, in that order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _serve(
    app: Any, api: Any, webhooks: WebhookService, reports: Sequence[Coroutine[Any, Any, None]], settings: Settings
) -> None:
    server = _Server(
        uvicorn.Config(api, host=settings.api_host, port=settings.api_port, log_level="warning", access_log=False)
    )
    async with _delivering(webhooks) as delivering, running(app) as stopping:
        serving = asyncio.create_task(server.serve())
        beside = [asyncio.create_task(work) for work in (*reports, _announce(app))]
        stopped = asyncio.create_task(stopping.wait())
        await asyncio.wait({stopped, serving, delivering}, return_when=asyncio.FIRST_COMPLETED)
        for task in beside:
            task.cancel()
        server.should_exit = True
        with contextlib.suppress(TimeoutError, asyncio.CancelledError):
            await asyncio.wait_for(serving, 2.0)


@contextlib.asynccontextmanager
async def _delivering(webhooks: WebhookService) -> AsyncIterator[asyncio.Task[None]]:
    """Webhooks are sent until the agents have stopped; what is under way then is sent again by the next node."""
    await webhooks.start()
    delivering = asyncio.create_task(webhooks.run())
    try:
        yield delivering
    finally:
        delivering.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await delivering


async def _announce(app: Any) -> None:
    await assigned(app)
    gc.freeze()  # what is loaded stays: the collector need not go through it again and again while searches wait
    log.info("search node ready")
