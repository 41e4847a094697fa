"""What docs/events.md shows is what the code reads."""

from __future__ import annotations

import re
import shlex
from inspect import signature
from pathlib import Path

import pytest

from domain.containers import CONTAINERS, container_of
from domain.events import ChunkPublished, Event, TextPublished, decode
from domain.mood import MOOD_LABELS
from nowseen.client import Narrowed, Nowseen
from search.api_filters import scope

DOCS = Path(__file__).parents[2] / "docs"
EVENTS = (DOCS / "events.md").read_text(encoding="utf-8")


def block(marker: str, document: str = "events.md") -> str:
    """The code block that follows the marker."""
    text = (DOCS / document).read_text(encoding="utf-8")
    found = re.search(rf"<!-- {re.escape(marker)} -->\n```\w+\n(.*?)```", text, re.DOTALL)
    assert found is not None, f"docs/{document} has no code block after {marker!r}"
    return found[1]


def shown(marker: str, value: bytes) -> Event:
    """The event that the block's kcat command would publish, its `$(date ...)` replaced by fixed times."""
    command = block(marker).replace("\\\n", " ").replace("$(date +%s%N)", "17672256").splitlines()[-1]
    words = shlex.split(command.replace("$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)", "2026-01-01T00:00:00.000Z"))
    options = [words[i : i + 2] for i in range(len(words) - 1)]
    headers = dict(value.split("=", 1) for option, value in options if option == "-H")
    (key,) = (value for option, value in options if option == "-k")
    event = decode(key.encode(), value, {name: content.encode() for name, content in headers.items()})
    (topic,) = (value for option, value in options if option == "-t")
    expected = "media.text" if isinstance(event, TextPublished) else f"media.{getattr(event, 'kind', '?')}"
    assert topic == expected
    assert key == headers["ce_source"]
    return event


@pytest.mark.parametrize(("document", "example"), [("events.md", "publish_text.py"), ("client.md", "search_client.py")])
def test_the_python_example_is_the_file_beside_it(document: str, example: str) -> None:
    assert block(f"example: examples/{example}", document) == (DOCS / "examples" / example).read_text("utf-8")


def test_every_method_of_the_client_is_told() -> None:
    told = set(re.findall(r"`(\w+)(?:\(|`)", (DOCS / "client.md").read_text(encoding="utf-8")))
    assert {name for name in vars(Nowseen) if not name.startswith("_")} - {"close"} <= told
    assert Narrowed.__annotations__.keys() <= told


def test_the_kcat_line_for_text_publishes_a_text() -> None:
    value = shlex.split(block("kcat: text"))[1]

    assert shown("kcat: text", value.encode()) == TextPublished(
        "platform-3", 1_767_225_600.0, "Doors close in two minutes"
    )


def test_the_kcat_line_for_video_publishes_a_chunk() -> None:
    event = shown("kcat: video", b"media")

    assert event == ChunkPublished("lobby", "video", 1_767_225_600.0, 2.0, "video/mp2t", b"media")


@pytest.mark.parametrize("content_type", [name for container in CONTAINERS for name in container.content_types])
def test_every_container_is_listed(content_type: str) -> None:
    assert f"`{content_type}`" in EVENTS


def test_every_listed_container_is_read() -> None:
    listed = re.search(r"the container: (.*) \|", EVENTS)
    assert listed is not None

    for content_type in listed[1].split(", "):
        container_of(content_type.strip("`"))


def test_every_link_leads_to_a_file() -> None:
    for document in [DOCS.parent / "README.md", *DOCS.rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)", document.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_what_may_be_asked_of_the_voices_is_told() -> None:
    api = (DOCS / "api.md").read_text(encoding="utf-8")
    (told,) = re.findall(r"^\*\*Who speaks, and how\.\*\*.*?(?=^\*\*)", api, re.DOTALL | re.MULTILINE)
    assert set(re.findall(r"`(\w+)=", told)) == set(signature(scope).parameters) - {"source", "kind", "since", "until"}
    assert tuple(re.findall(r"`(\w+)`", told.partition("the mood is one of")[2].partition("|")[0])) == MOOD_LABELS
