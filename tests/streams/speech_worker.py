"""A process that transcribes spoken numbers: the agent and its consumer as a worker has them, without models.

python -m tests.streams.speech_worker BOOTSTRAP ARCHIVE
"""

from __future__ import annotations

import asyncio
import sys

from domain.events import SpeechCut
from domain.topology import DEAD_LETTERS
from nowseen.faust_process import running
from nowseen.settings import load_settings, load_topology
from streams.agents.transcribe_speech import transcribe_speech
from streams.app import make_app, make_topics, quiet_loggers
from streams.archive import FsspecArchive
from streams.compacted import latest
from streams.kafka_clients import KafkaSettings, wait_until_reachable
from streams.outbox import Outbox
from streams.partition_ends import PartitionEnds
from tests.streams.spoken_numbers import new_transcriber


async def work(bootstrap: str, archive: str) -> None:
    quiet_loggers()
    kafka, topology = KafkaSettings(bootstrap), load_topology(load_settings())
    await asyncio.to_thread(wait_until_reachable, kafka, 60.0)
    app = make_app("speech-worker", kafka, topology)
    topics = make_topics(app, topology)
    outbox = Outbox(topics, topology.topics[DEAD_LETTERS].max_message_bytes)

    def cuts() -> list[SpeechCut]:
        return [event for event in latest(kafka, "speech.cuts").values() if isinstance(event, SpeechCut)]

    transcribe_speech(
        app, topics["media.audio"], outbox, FsspecArchive(archive), new_transcriber(), topology.limits, cuts,
        PartitionEnds(app, "media.audio").reached,
    )  # fmt: skip
    async with running(app) as stopping:
        await stopping.wait()


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:]))
