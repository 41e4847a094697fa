"""A recording with a known event in it, a white flash and a beep, cut into chunks as a publisher would; a language
model's endpoint; and a node's rules."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from domain.events import Kind
from domain.ports import MediaArchive
from encoders.concept_pictures import ConceptPictureEncoder
from encoders.options import EncoderOptions
from encoders.sentences import load_minilm
from search.rule_encoding import RuleEncoding
from tests.search.rules_setting import Encoders, Node

START_S = 1_790_000_000.0
EVENT_AFTER_S = 3.0  # the flash and the beep, from START_S
CHUNK_S = 2.0
RATE_HZ = 48_000
FPS = 25
_TYPES = {"mpegts": "mp2t", "matroska": "x-matroska"}


@dataclass(frozen=True)
class Take:
    """A recording: how it is encoded, and into which chunks it goes."""

    video: str = "libx264"
    audio: str = "aac"
    container: str = "mpegts"
    chunks: int = 3
    size: tuple[int, int] = (160, 120)


@dataclass(frozen=True)
class MadeChunk:
    kind: Kind
    start_s: float
    duration_s: float
    content_type: str
    media: bytes


def seconds(ticks: int | None, time_base: Fraction | None) -> float:
    assert ticks is not None and time_base is not None
    return float(ticks * time_base)


def video_chunks(take: Take) -> Iterator[MadeChunk]:
    """Each encoded on its own, as after a key frame."""
    frames = round(CHUNK_S * FPS)
    width, height = take.size
    for number in range(take.chunks):
        file = io.BytesIO()
        with av.open(file, "w", format=take.container) as out:
            stream = out.add_stream(take.video, rate=FPS)
            assert isinstance(stream, VideoStream)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            for index in range(frames):
                at_s = number * CHUNK_S + index / FPS
                level = 255 if EVENT_AFTER_S <= at_s < EVENT_AFTER_S + 0.2 else 20
                frame = VideoFrame.from_ndarray(np.full((height, width, 3), level, np.uint8), format="rgb24")
                frame.pts, frame.time_base = index, Fraction(1, FPS)
                out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
        content_type = f"video/{_TYPES[take.container]}"
        yield MadeChunk("video", START_S + number * CHUNK_S, CHUNK_S, content_type, file.getvalue())


def audio_chunks(take: Take) -> Iterator[MadeChunk]:
    """One continuous encoding, its packets dealt out to chunks, as when a live stream is copied."""
    samples = np.zeros(round(take.chunks * CHUNK_S * RATE_HZ), np.float32)
    first, count = round(EVENT_AFTER_S * RATE_HZ), round(0.2 * RATE_HZ)
    samples[first : first + count] = 0.5 * np.sin(np.arange(count) * 2 * np.pi * 1000 / RATE_HZ)
    whole = io.BytesIO()
    with av.open(whole, "w", format="matroska") as out:
        stream = out.add_stream(take.audio, rate=RATE_HZ, layout="mono")
        assert isinstance(stream, AudioStream)
        resampler = av.AudioResampler(stream.codec_context.format, "mono", RATE_HZ)
        for at in range(0, samples.size, 960):
            frame = AudioFrame.from_ndarray(samples[None, at : at + 960], "fltp", "mono")
            frame.sample_rate, frame.pts = RATE_HZ, at
            for converted in resampler.resample(frame):
                out.mux(stream.encode(converted))
        out.mux(stream.encode(None))
    whole.seek(0)
    with av.open(whole, "r") as source:
        track = source.streams.audio[0]
        packets = [packet for packet in source.demux(track) if packet.size and packet.pts is not None]
        times_s = [seconds(packet.pts, packet.time_base) for packet in packets]
        for number in range(take.chunks):
            mine = [at for at, at_s in enumerate(times_s) if number * CHUNK_S <= at_s + 0.001 < (number + 1) * CHUNK_S]
            file = io.BytesIO()
            with av.open(file, "w", format=take.container) as out:
                copied = out.add_stream_from_template(track)
                for at in mine:
                    packets[at].stream = copied
                    out.mux(packets[at])
            end_s = min([*times_s[mine[-1] + 1 :], take.chunks * CHUNK_S])
            start_s = times_s[mine[0]] + _run_in_s(file.getvalue())
            content_type = f"audio/{_TYPES[take.container]}"
            yield MadeChunk("audio", START_S + start_s, end_s - start_s, content_type, file.getvalue())


def _run_in_s(media: bytes) -> float:
    """What a decoder swallows at the start of each file: Matroska says so for AAC and Opus, MPEG-TS can't."""
    with av.open(io.BytesIO(media), "r") as source:
        first = next(packet for packet in source.demux(audio=0) if packet.pts is not None)
        packet_s = seconds(first.pts, first.time_base)
    with av.open(io.BytesIO(media), "r") as source:
        frame = next(source.decode(audio=0))
        return seconds(frame.pts, frame.time_base) - packet_s


@dataclass(frozen=True)
class Seen:
    """What a player would notice of a clip. Times are seconds from its start, None where there is no such track."""

    flash_s: float | None
    beep_s: float | None
    picture_times_s: list[float]
    sound_end_s: float
    codecs: dict[str, str]


def look_at(clip: bytes) -> Seen:
    """Decodes the clip as a player does."""
    flash_s = beep_s = None
    picture_times_s: list[float] = []
    sound_end_s = 0.0
    with av.open(io.BytesIO(clip), "r") as source:
        codecs = {str(stream.type): stream.codec_context.name for stream in source.streams}
        frames: Iterator[Any] = source.decode()
        for frame in frames:
            at_s = seconds(frame.pts, frame.time_base)
            if isinstance(frame, VideoFrame):
                picture_times_s.append(at_s)
                if flash_s is None and frame.to_ndarray(format="gray").mean() > 128:
                    flash_s = at_s
            else:
                samples = np.abs(frame.to_ndarray()[0])
                sound_end_s = at_s + frame.samples / frame.sample_rate
                if beep_s is None and (samples > 0.1).any():
                    beep_s = at_s + int((samples > 0.1).argmax()) / frame.sample_rate
    return Seen(flash_s, beep_s, picture_times_s, sound_end_s, codecs)


class Recording:
    start_s = START_S
    event_after_s = EVENT_AFTER_S
    look_at = staticmethod(look_at)

    def chunks(self, **take: Any) -> Iterator[MadeChunk]:
        yield from video_chunks(Take(**take))
        yield from audio_chunks(Take(**take))

    def publish(
        self,
        archive: MediaArchive,
        source: str,
        *,
        edit: Callable[[int, MadeChunk], MadeChunk | None] = lambda number, chunk: chunk,
        **take: Any,
    ) -> list[MadeChunk]:
        """Archives the chunks that `edit` leaves of the numbered ones, and returns them."""
        kept = []
        for made in (video_chunks(Take(**take)), audio_chunks(Take(**take))):
            for number, chunk in enumerate(made):
                if (edited := edit(number, chunk)) is not None:
                    kept.append(edited)
                    archive.put_chunk(
                        source, edited.kind, edited.start_s, edited.duration_s, edited.content_type, edited.media
                    )
        return kept


@pytest.fixture
def recording() -> Recording:
    return Recording()


class ChatServer:
    """A language model's endpoint that speaks as OpenAI's does, and misbehaves as it is told to.

    `mode` is good, hang, drip, huge, garbage, deep, redirect, compressed, tools, wordless, picky, or a status.
    """

    def __init__(self) -> None:
        self.mode = "good"
        self.reply = "The bus stopped [1]."
        self.asked: list[tuple[dict[str, str], dict[str, Any]]] = []  # headers and bodies
        self.was_asked = Event()
        self.ends = Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.asked.append(({name.lower(): value for name, value in self.headers.items()}, body))
                server.was_asked.set()
                with contextlib.suppress(ConnectionError):
                    server.answer(self, body)

            def do_GET(self) -> None:
                server.asked.append(({}, {}))

            def log_message(self, *_: object) -> None: ...

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None: ...  # a client that hung up

        self._server = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def answer(self, handler: BaseHTTPRequestHandler, asked: dict[str, Any]) -> None:
        message: dict[str, Any] = {"role": "assistant", "content": self.reply}
        status, headers, endless = 200, {"Content-Type": "application/json"}, b""
        call = {"id": "1", "type": "function", "function": {"name": "send_mail", "arguments": '{"to": "eve"}'}}
        if self.mode == "tools":
            message = {"role": "assistant", "content": None, "tool_calls": [call]}
        if self.mode == "wordless":
            message = {"role": "assistant", "content": [{"type": "image_url"}]}
        body = json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]}).encode()
        if self.mode == "hang":
            self.ends.wait(60)
        elif self.mode == "garbage":
            body = b"<html>502 Bad Gateway</html>"
        elif self.mode == "deep":
            body = b"[" * 100_000
        elif self.mode == "redirect":
            status, headers = 302, {"Location": "/elsewhere"}
        elif self.mode == "compressed":
            headers["Content-Encoding"], body = "gzip", gzip.compress(body + b" " * 50_000_000)
        elif self.mode in ("drip", "huge"):
            endless, body = (b" ", b"") if self.mode == "drip" else (b" " * 65_536, b"")
        elif self.mode.isdigit() or (self.mode == "picky" and "max_tokens" in asked):
            status = 400 if self.mode == "picky" else int(self.mode)
            body = json.dumps({"error": {"message": f"bad: {handler.headers['Authorization']}"}}).encode()
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        if not endless:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
        while endless and not self.ends.wait(0.02 if self.mode == "drip" else 0.0):
            handler.wfile.write(endless)

    def close(self) -> None:
        self.ends.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def chat_server() -> Iterator[ChatServer]:
    made = ChatServer()
    yield made
    made.close()


@pytest.fixture(scope="session")
def rule_encoders(tmp_path_factory: pytest.TempPathFactory) -> Encoders:
    options = EncoderOptions(tmp_path_factory.mktemp("cache"), device="cpu", allow_download=False)
    sentences, pictures = load_minilm(options), ConceptPictureEncoder(options)
    return Encoders(sentences, pictures, RuleEncoding(sentences, pictures, "voices"))


@pytest.fixture
def node(tmp_path: Path, rule_encoders: Encoders) -> Iterator[Node]:
    opened = Node(tmp_path / "index", rule_encoders)
    yield opened
    opened.stores.close()
