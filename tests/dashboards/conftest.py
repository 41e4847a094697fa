"""A search node with answers the test chooses, a clip with picture and sound, and the page in front of them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from dashboards import app

_PATIENCE_S = 30
SPOKEN = "the trains to the north leave from platform seven"


class StubNode:
    """The stub's address and the answers it gives. `serve` and `refuse` take effect with the next request."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        (folder / "media").mkdir()
        self.serve("sources", {"sources": []})
        self.serve("encoders", {"encoders": []})
        self.serve("health", {"status": "ready", "parts": {}})
        self.serve("newest", {"moments": [], "complete_until": {}})
        self.serve("search", found())
        self.serve("speakers", {"speakers": []})
        for name in ("rules", "incidents", "webhooks"):
            self.serve(name, {name: []})

    def serve(self, name: str, answer: Any) -> None:
        (self.folder / f"{name}.error").unlink(missing_ok=True)
        path = self.folder / f"{name}.json"
        path.with_suffix(".tmp").write_text(json.dumps(answer))
        path.with_suffix(".tmp").replace(path)

    def answer(self, name: str) -> dict[str, Any]:
        served: dict[str, Any] = json.loads((self.folder / f"{name}.json").read_text())
        return served

    def refuse(self, name: str, status: int, error: str, at: tuple[int, int] | None = None) -> None:
        place = {} if at is None else {"at": {"start": at[0], "end": at[1]}}
        refusal = {"status_code": status, "content": {"error": error, **place}}
        (self.folder / f"{name}.error").write_text(json.dumps(refusal))

    def requests(self, path: str) -> list[str]:
        """The query strings, or bodies, of the requests to `path` so far."""
        lines = (self.folder / "requests.log").read_text().splitlines()
        return [query for asked, _, query in (line.partition("?") for line in lines) if asked == path]

    def first_found(self) -> list[dict[str, Any]]:
        """The newest moments, which are what a search finds as long as the test does not say otherwise."""
        moments: list[dict[str, Any]] = json.loads((self.folder / "newest.json").read_text())["moments"]
        return moments

    @contextmanager
    def running(self) -> Iterator[StubNode]:
        command = [sys.executable, str(Path(__file__).with_name("stub_api.py")), str(self.folder), str(self.port)]
        with process(command, self.url + "/health"):
            yield self


@pytest.fixture
def node(tmp_path: Path) -> Iterator[StubNode]:
    folder = tmp_path / "node"
    folder.mkdir()
    with StubNode(folder).running() as stub:
        yield stub


@pytest.fixture
def node_with_clip(node: StubNode) -> StubNode:
    write_clip(node.folder / "media" / "clip.mp4", seconds=12)
    Image.fromarray(np.full((180, 320, 3), 90, np.uint8)).save(node.folder / "media" / "thumb.jpg")
    now_s = time.time()
    spoken = moment(
        now_s - 60, text=SPOKEN, clip_url="/media/clip.mp4#t=4.5", thumbnail_url="/media/thumb.jpg",
        evidence=[evidence(now_s - 60, "speech", "words", 0.9, SPOKEN, ["platform", "seven"])],
    )  # fmt: skip
    node.serve("sources", sources("lobby", now_s - 2))
    node.serve("search", found(spoken))
    node.serve("newest", found(spoken))
    return node


@pytest.fixture
def page(node_with_clip: StubNode, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    monkeypatch.setattr(sys, "argv", ["app.py", "--api", node_with_clip.url])
    st.cache_data.clear()
    yield AppTest.from_file(app.__file__, default_timeout=_PATIENCE_S)
    st.cache_data.clear()


@pytest.fixture
def dashboard_url(node_with_clip: StubNode) -> Iterator[str]:
    with dashboard(node_with_clip.url) as url:
        yield url


@pytest.fixture
def spoken_query() -> tuple[str, str]:
    """What is typed, and words that the card must show."""
    return "platform seven", "leave from platform seven"


@contextmanager
def dashboard(api_url: str) -> Iterator[str]:
    port = free_port()
    with dashboard_process(port, api_url):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def dashboard_process(
    port: int, api_url: str, host: str = "127.0.0.1", allowed_hosts: str = ""
) -> Iterator[subprocess.Popen[bytes]]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NOWSEEN_")} | {
        "NOWSEEN_API_URL": api_url,
        "NOWSEEN_DASHBOARD_HOST": host,
        "NOWSEEN_DASHBOARD_PORT": str(port),
        "NOWSEEN_ALLOWED_HOSTS": allowed_hosts,
    }
    local = "[::1]" if ":" in host else "127.0.0.1"
    command = [sys.executable, "-m", "nowseen", "dashboard"]
    with process(command, f"http://{local}:{port}/_stcore/health", environment) as running:
        yield running


@contextmanager
def process(
    command: list[str], health_url: str, environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command, env=environment) as running:
        try:
            for _ in range(300):
                if running.poll() is not None:
                    raise RuntimeError(f"ended with {running.returncode}: {command}")
                try:
                    if httpx.get(health_url, trust_env=False).is_success:
                        break
                except httpx.HTTPError:
                    time.sleep(0.2)
            else:
                raise RuntimeError(f"no answer from {health_url}")
            yield running
        finally:
            running.terminate()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def evidence(
    start_s: float, modality: str, why: str | None, score: float | None, text: str = "", words: list[str] | None = None
) -> dict[str, Any]:
    return {
        "moment_id": f"{modality}-{start_s}", "modality": modality, "why": why, "score": score, "raw_score": 0.3,
        "start_s": start_s, "end_s": start_s + 4, "text": text, "matched_words": words or [], "encoder": "a-model",
    }  # fmt: skip


def moment(start_s: float, source: str = "lobby", lasts_s: float = 4, **more: Any) -> dict[str, Any]:
    return {
        "source": source, "start_s": start_s, "end_s": start_s + lasts_s, "time": "2026-01-01T00:00:00Z",
        "score": 0.8, "modalities": [],
        "text": "", "thumbnail_url": None, "clip_url": None, "evidence": [], **more,
    }  # fmt: skip


def found(*moments: dict[str, Any], complete_until: dict[str, dict[str, float]] | None = None) -> dict[str, Any]:
    return {
        "query": "", "moments": list(moments), "complete_until": complete_until or {}, "took_ms": {"encode": 21.0},
        "warnings": [],
    }  # fmt: skip


def speaker(id: str, number: int, name: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "id": id, "label": name or f"speaker {number}", "name": name, "number": number, "utterances": 12,
        "spoken_s": 48.5, "first_heard_s": 0.0, "last_heard_s": 60.0, "sources": ["lobby"], "is_enrolled": False,
        "consent": None, **more,
    }  # fmt: skip


ANGRY = {
    "label": "angry", "valence": -0.6, "arousal": 0.7, "confidence": 0.72,
    "evidence": [
        {"kind": "voice", "what": "pitch above this speaker's usual", "valence": -0.2, "arousal": 0.9, "share": 0.75},
        {"kind": "words", "what": "never", "valence": -0.9, "arousal": 0.1, "share": 0.25},
    ],
}  # fmt: skip


@pytest.fixture
def node_with_speakers(node_with_clip: StubNode) -> StubNode:
    """Ana is heard, angry, in text that may still change; speaker 2 is known."""
    now_s = time.time()
    heard = moment(
        now_s - 60, text=SPOKEN, clip_url="/media/clip.mp4#t=4.5", thumbnail_url="/media/thumb.jpg",
        evidence=[evidence(now_s - 60, "speech", "words", 0.9, SPOKEN, ["platform", "seven"])],
        speakers=[{"id": "a1", "label": "Ana"}], moods=[ANGRY], language="fr", is_final=False,
    )  # fmt: skip
    node_with_clip.serve("speakers", {"speakers": [speaker("a1", 1, "Ana", is_enrolled=True), speaker("b1", 2)]})
    node_with_clip.serve("speaker", speaker("b1", 2, "Ben"))
    node_with_clip.serve("search", found(heard))
    node_with_clip.serve("newest", found(heard))
    return node_with_clip


def threshold(**more: Any) -> dict[str, Any]:
    return {
        "is_warming_up": False, "likelihood": 0.62, "standard_score": 4.1, "basis": "counted", "expected_per_day": 0.9,
        "incidents_seen": 9, "hours_watched": 192.0, "hours_missing": 0.0, "note": "counted in 8.0 days", **more,
    }  # fmt: skip


WARMING_UP = threshold(
    is_warming_up=True, likelihood=None, basis="warming up", expected_per_day=None, hours_watched=3.0,
    hours_missing=5.0, note="warming up: about 5.0 more hours of watching, or history to learn from",
)  # fmt: skip


def rule(name: str, query: str, **more: Any) -> dict[str, Any]:
    return {
        "id": name.lower().replace(" ", "-"), "name": name, "query": query, "sources": [], "hours": "", "webhooks": [],
        "state": "active", "decided_by": "budget", "false_alarms_per_day": 1.0, "marked_right": 0, "marked_wrong": 0,
        "changed_s": 0.0, "thresholds": {}, "open_incidents": 0, "suppressed": {}, "warnings": [], **more,
    }  # fmt: skip


def match(start_s: float, text: str = "", modality: str = "scene", score: float = 0.71, **more: Any) -> dict[str, Any]:
    is_certain = score == 1.0
    return {
        "moment_id": f"00000000-0000-0000-0000-{round(start_s):012d}", "source": "lobby", "modality": modality,
        "start_s": start_s, "end_s": start_s + 4, "text": text, "score": score,
        "threshold": None if is_certain else 0.62, "thumbnail_url": "/media/thumb.jpg",
        "clip_url": "/media/clip.mp4#t=4.5",
        "evidence": [{"what": "words" if is_certain else "scene", "text": text or "a forklift", "score": score}],
        **more,
    }  # fmt: skip


def incident(rule: str, best: dict[str, Any], *, is_open: bool = False, **more: Any) -> dict[str, Any]:
    return {
        "id": f"{rule}-{best['start_s']}", "rule_id": rule.lower().replace(" ", "-"), "rule": rule, "is_open": is_open,
        "sources": [best["source"]], "start_s": best["start_s"], "end_s": best["end_s"], "matches": 1,
        "is_digest": False, "incidents": 1, "text": best["text"] or best["evidence"][0]["text"], "best": best, **more,
    }  # fmt: skip


@pytest.fixture
def node_with_rules(node_with_clip: StubNode) -> StubNode:
    """A rule of words with an incident that is open, and one of pictures that warms up, with an old incident and
    something kept back."""
    now_s = time.time()
    fire = rule("Fire alarm", '"platform seven"', webhooks=["team"], open_incidents=1)
    forklift = rule(
        "Forklift", "kind:scene a forklift", hours="mon-fri 18:00-06:00 Europe/Berlin",
        thresholds={"gate": WARMING_UP, "lobby": threshold()}, marked_right=3, marked_wrong=1,
        suppressed={"below threshold": 12, "cooldown": 2},
    )  # fmt: skip
    spoken = incident("Fire alarm", match(now_s - 60, SPOKEN, "speech", 1.0), is_open=True)
    seen = incident("Forklift", match(now_s - 7200), matches=4)
    near = {"reason": "below threshold", "incident_id": None, "match": match(now_s - 900, score=0.55)}
    node_with_clip.serve("rules", {"rules": [fire, forklift]})
    node_with_clip.serve("rule", forklift)
    node_with_clip.serve("incidents", {"incidents": [seen, spoken]})
    node_with_clip.serve("suppressed", {"suppressed": [near], "counts": {"below threshold": 12}})
    node_with_clip.serve("webhooks", {"webhooks": [{"name": "team", "host": "example.org"}, {"name": "ops"}]})
    node_with_clip.serve("backtest", {
        "incidents": [seen], "per_day": 1 / 7, "days_watched": 7.0, "since_s": now_s - 604_800, "until_s": now_s,
        "moments": 4321, "learnt_from": "same", "suppressed": {"below threshold": 12},
        "thresholds": {"gate": WARMING_UP, "lobby": threshold()},
    })  # fmt: skip
    return node_with_clip


def sources(name: str, until_s: float, modality: str = "speech") -> dict[str, Any]:
    mark = {"until_s": until_s, "stored_s": until_s + 1, "behind_s": 2.0}
    return {"sources": [{"source": name, "moments": {modality: 3}, "watermarks": {modality: mark}}]}


def write_clip(path: Path, seconds: int) -> None:
    """H.264 and AAC: what the search node serves."""
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=10)
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        audio = out.add_stream("aac", rate=48_000, layout="mono")
        for index in range(seconds * 10):
            picture = np.zeros((180, 320, 3), np.uint8)
            picture[:, : index * 320 // (seconds * 10) + 1] = (30, 140, 130)
            out.mux(video.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        rate, block = 48_000, 1024
        for start in range(0, seconds * rate, block):
            tone = 0.1 * np.sin(2 * np.pi * 440 * np.arange(start, start + block) / rate)
            frame = av.AudioFrame.from_ndarray(tone.astype(np.float32)[None], "fltp", "mono")
            frame.sample_rate, frame.pts = rate, start
            out.mux(audio.encode(frame))
        out.mux(video.encode())
        out.mux(audio.encode())
