"""The media worker: video, audio and texts in, moments out. Several may run; they share the partitions."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Coroutine
from typing import Any

import numpy as np

import encoders
from domain.events import SpeechCut
from domain.topology import DEAD_LETTERS
from nowseen.connections import kafka_settings
from nowseen.encoder_choice import encoder_options, wanted_encoders
from nowseen.faust_process import assigned, running
from nowseen.native_libraries import tune_native_libraries
from nowseen.settings import Settings, load_topology
from nowseen.stuck import tell_stuck
from streams.agents.describe_scenes import describe_scenes
from streams.agents.embed_text import embed_text
from streams.agents.transcribe_speech import transcribe_speech
from streams.app import make_app, make_topics, quiet_loggers
from streams.archive import FsspecArchive
from streams.compacted import latest
from streams.kafka_clients import KafkaSettings, wait_until_reachable
from streams.outbox import Outbox
from streams.partition_ends import PartitionEnds
from streams.scene_describer import SceneDescriber
from streams.speech_describer import SpeechModels
from streams.topics import create_topics
from streams.transcriber import Transcriber

log = logging.getLogger(__name__)

GROUP = "nowseen-worker"


def run_worker(settings: Settings) -> None:
    """Blocks until SIGTERM or SIGINT. Raises ConfigError for what is set up wrongly."""
    # Searches and the broker answer people: they go before a batch of frames when both want the processor.
    os.nice(5)
    tune_native_libraries()
    quiet_loggers()
    topology = load_topology(settings)
    kafka = kafka_settings(settings)
    wait_until_reachable(kafka, timeout_s=30.0)
    create_topics(kafka, topology, settings.kafka_replication)
    names, options = wanted_encoders(settings, topology), encoder_options(settings)
    sentences = encoders.load("sentences", names["sentences"], options)
    pictures = encoders.load("pictures", names["pictures"], options)
    models = SpeechModels(
        encoders.load("speech", names["speech"], options),
        sentences,
        encoders.load("voices", names["voices"], options),
        encoders.load("word_moods", names["word_moods"], options),
        encoders.load("voice_moods", names["voice_moods"], options),
    )
    pictures.encode_images([np.zeros((64, 64, 3), np.uint8)])  # what it loads with the first picture, it loads now
    archive = FsspecArchive(settings.archive_url)
    app = make_app(GROUP, kafka, topology)
    topics = make_topics(app, topology)
    outbox = Outbox(topics, topology.topics[DEAD_LETTERS].max_message_bytes)
    transcriber = Transcriber(models, encoders.voice_activity)
    scenes = SceneDescriber(pictures, encoders.picture_moods(pictures), archive, topology.scenes)
    describe_scenes(app, topics["media.video"], outbox, archive, scenes, topology.limits)
    transcribe_speech(
        app, topics["media.audio"], outbox, archive, transcriber, topology.limits, lambda: _cuts(kafka),
        PartitionEnds(app, "media.audio").reached,
    )  # fmt: skip
    embed_text(app, topics["media.text"], outbox, sentences, topology.limits)

    async def tell(key: bytes, value: bytes | None) -> None:
        await (await topics["stages"].send(key=key, value=value))

    asyncio.run(_serve(app, settings, tell_stuck(tell)))


def _cuts(kafka: KafkaSettings) -> list[SpeechCut]:
    return [event for event in latest(kafka, "speech.cuts").values() if isinstance(event, SpeechCut)]


async def _serve(app: Any, settings: Settings, telling: Coroutine[Any, Any, None]) -> None:
    async with running(app) as stopping:
        tasks = [asyncio.create_task(_announce(app, settings)), asyncio.create_task(telling)]
        await stopping.wait()
        for task in tasks:
            task.cancel()


async def _announce(app: Any, settings: Settings) -> None:
    await assigned(app)
    log.info("worker ready")
    if settings.ready_file is not None:
        settings.ready_file.touch()
