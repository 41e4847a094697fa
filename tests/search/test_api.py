"""The API over a real store, a real archive and real sentence vectors; scenes are described in words here."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from domain.errors import BadRequest
from domain.events import CoverageAdvanced, Modality, MomentDescribed, Vector, WatermarkAdvanced
from domain.moments import moment_id
from domain.mood import Mood, Share
from domain.ports import EncoderInfo, Image, Labels, Matrix, SentenceEncoder
from domain.served_hosts import ServedHosts
from domain.speakers import Speaker
from domain.stuck_stages import StuckStage
from encoders.options import EncoderOptions
from encoders.sentences import load_minilm
from search.api import ApiParts, create_api
from search.clips import ClipOptions
from search.collections import CollectionSpec
from search.metrics import NodeMetrics
from search.service import SearchService
from search.speakers import Speakers
from search.stores import EdgeFolder, open_store
from search.watermarks import Watermarks
from streams.archive import FsspecArchive

START_S = 1_790_000_000.0
NOW_S = START_S + 100
TEXT_SIZE = 384
SPECS = (
    CollectionSpec("scenes", "scene", {"image": TEXT_SIZE}, words=False, encoder="described"),
    CollectionSpec("speech", "speech", {"text": TEXT_SIZE}, words=True, encoder="minilm"),
    CollectionSpec("texts", "text", {"text": TEXT_SIZE}, words=True, encoder="minilm"),
    CollectionSpec("speakers", None, {"voice": 4, "enrolled": 4}, words=False, encoder="voices-1"),
)
STAND_IN = EncoderInfo(
    "pictures", "concept", "somewhere", "MIT", TEXT_SIZE, "cpu", "open_clip:ViT-B-32", "knows no people"
)


A1, A2, B1 = (f"00000000-0000-4000-8000-0000000000{each}" for each in ("a1", "a2", "b1"))
WHO = (
    Speaker(A1, 1, (1.0, 0.0, 0.0, 0.0), 9, 30.0, START_S, START_S, ("cam",), name="Ana"),
    Speaker(B1, 2, (0.0, 1.0, 0.0, 0.0), 9, 30.0, START_S, START_S, ("cam",)),
    # Ana was two until they were found to be one.
    Speaker(A2, 3, (0.9, 0.1, 0.0, 0.0), 9, 30.0, START_S, START_S, ("cam",), merged_into=A1),
)
ANGRY = Mood(
    "angry", -0.6, 0.7, 0.8,
    (Share("voice", "pitch above this speaker's usual", -0.2, 0.9, 0.75), Share("words", "never", -0.9, 0.1, 0.25)),
)  # fmt: skip


class DescribedPictures:
    """Pictures by their descriptions: the space of the sentences, as the concept encoder's is."""

    def __init__(self, sentences: SentenceEncoder) -> None:
        self.info = STAND_IN
        self._sentences = sentences

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        return self._sentences.encode_texts(texts)

    def encode_images(self, images: Sequence[Image]) -> Matrix:
        raise NotImplementedError("the API never looks at pictures")


@pytest.fixture(scope="session")
def sentences() -> SentenceEncoder:
    return load_minilm(EncoderOptions(Path()))


class Described:
    """Media of these tests are their own descriptions."""

    def __init__(self, sentences: SentenceEncoder) -> None:
        self._sentences = sentences

    def picture(self, media: bytes) -> Vector:
        if not media.isascii():
            raise BadRequest("the picture can't be read")
        return tuple(self._sentences.encode_texts([media.decode()])[0].tolist())

    clip = picture

    def voice(self, media: bytes) -> Vector:
        return tuple(map(float, media.split()))

    def speech(self, media: bytes) -> str:
        return media.decode()


VOICED = (
    CollectionSpec("scenes", "scene", {"image": 2}, words=False, encoder="described"),
    CollectionSpec("speech", "speech", {"text": 2, "voice": 4}, words=True, encoder="minilm", others={"voice": "v"}),
    CollectionSpec("texts", "text", {"text": 2}, words=True, encoder="minilm"),
    CollectionSpec("speakers", None, {"voice": 4, "enrolled": 4}, words=False, encoder="v"),
)


class NoSpeakers:
    def load(self) -> list[Speaker]:
        return []

    def last_number(self) -> int:
        return 0

    def save(self, speakers: Sequence[Speaker]) -> None: ...

    def delete(self, ids: Iterable[str]) -> None: ...

    def flush(self) -> None: ...


@pytest.fixture
def parts(tmp_path: Path, sentences: SentenceEncoder) -> Iterator[ApiParts]:
    stores = open_store(EdgeFolder(tmp_path / "store"), SPECS)
    store = stores.moments
    stores.speakers.save(WHO)
    archive = FsspecArchive(str(tmp_path / "archive"))
    pictures = DescribedPictures(sentences)
    watermarks = Watermarks()
    clips = ClipOptions(tmp_path / "clips")
    yield ApiParts(
        SearchService(store, sentences, pictures),
        store,
        archive,
        watermarks,
        NodeMetrics(watermarks, lambda: NOW_S),
        (STAND_IN, sentences.info),
        clips,
        ready=lambda: (True, ""),
        lag=dict,
        speakers=Speakers(store, stores.speakers, 4),
        examples=Described(sentences),
        clock=lambda: NOW_S,
    )
    store.close()


@pytest.fixture
async def ask(parts: ApiParts) -> AsyncIterator[httpx.AsyncClient]:
    async with client(parts) as opened:
        yield opened


def client(parts: ApiParts, base_url: str = "http://127.0.0.1:8000") -> httpx.AsyncClient:
    # Faults come back as the answers people get.
    transport = httpx.ASGITransport(create_api(parts), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=base_url)


@pytest.fixture
def store_moment(parts: ApiParts, sentences: SentenceEncoder) -> Callable[..., MomentDescribed]:
    def put(
        modality: Modality,
        text: str,
        at_s: float = 0.0,
        source: str = "cam",
        thumbnail_key: str | None = None,
        labels: Labels | None = None,
        language: str = "en",
        is_final: bool = True,
    ) -> MomentDescribed:
        vector: Vector = tuple(sentences.encode_texts([text])[0].tolist())
        name, encoder = ("image", "described") if modality == "scene" else ("text", "minilm")
        moment = MomentDescribed(
            source, modality, START_S + at_s, START_S + at_s + 2, encoder, {name: vector},
            text="" if modality == "scene" else text, thumbnail_key=thumbnail_key,
            attributes={} if modality == "scene" else {"language": language}, is_final=is_final,
        )  # fmt: skip
        parts.store.upsert([moment], START_S + at_s + 3, {moment_id(moment): labels or Labels()})
        return moment

    return put


async def test_a_moment_is_found_with_its_evidence(
    ask: httpx.AsyncClient, parts: ApiParts, store_moment: Callable[..., MomentDescribed]
) -> None:
    spoken = store_moment("speech", "the goalkeeper saved the penalty", at_s=10)
    store_moment("speech", "rain is expected on the coast tomorrow", at_s=60)
    parts.watermarks.advance(WatermarkAdvanced("cam", "speech", START_S + 70, START_S + 71))
    answer = (await ask.get("/search", params={"q": "goalkeeper saves a penalty"})).json()
    best = answer["moments"][0]
    assert set(best) == {
        "source", "start_s", "end_s", "time", "modalities", "score", "text", "thumbnail_url", "clip_url", "evidence",
        "speakers", "moods", "language", "is_final",
    }  # fmt: skip
    assert (best["source"], best["start_s"], best["end_s"]) == ("cam", START_S + 10, START_S + 12)
    assert best["time"] == "2026-09-21T14:13:30.000Z"
    assert best["text"] == "the goalkeeper saved the penalty"
    assert 0.5 < best["score"] <= 1
    evidence = {each["why"]: each for each in best["evidence"]}
    assert set(evidence["words"]) == {
        "moment_id", "modality", "why", "score", "raw_score", "start_s", "end_s", "text", "matched_words", "encoder",
        "is_final",
    }  # fmt: skip
    assert evidence["words"]["moment_id"] == moment_id(spoken)
    assert {"goalkeeper", "penalty"} <= set(evidence["words"]["matched_words"])
    assert evidence["meaning"]["encoder"] == "minilm"
    assert answer["query"] == "goalkeeper saves a penalty"
    assert answer["complete_until"] == {"cam": {"speech": START_S + 70}}
    assert set(answer["took_ms"]) == {"encode", "store", "rank", "rerank"}


async def test_a_search_can_be_narrowed(ask: httpx.AsyncClient, store_moment: Callable[..., MomentDescribed]) -> None:
    words = "a red car turns left"
    store_moment("speech", words, at_s=0)
    store_moment("text", words, at_s=40, source="chat")
    store_moment("scene", words, at_s=80)

    async def starts(**narrowed: Any) -> list[float]:
        answer = await ask.get("/search", params={"q": words, **narrowed})
        assert answer.status_code == 200, answer.text
        return sorted(moment["start_s"] - START_S for moment in answer.json()["moments"])

    assert await starts() == [0, 40, 80]
    assert await starts(kind="speech") == await starts(kind="speech", q="") == [0]
    assert await starts(kind=["speech", "scene"]) == [0, 80]
    assert await starts(source="chat") == [40]
    assert await starts(source=["cam", "chat"], kind="text") == [40]
    assert await starts(since=START_S + 30, until=START_S + 50) == [40]
    assert await starts(since="2026-09-21T14:14:30Z") == [80]
    assert await starts(since="2026-09-21T16:14:30+02:00") == [80]
    assert len(await starts(limit=1)) == 1


async def test_a_search_can_ask_for_who_speaks_and_how(
    ask: httpx.AsyncClient, store_moment: Callable[..., MomentDescribed]
) -> None:
    words = "we must talk about the budget"
    calm, unknown = Mood("calm", 0.5, -0.5, 0.4), Mood("unknown", 0.0, 0.0, 0.0)
    anas = replace(ANGRY, speaker=A2)
    store_moment("speech", words, at_s=0, labels=Labels((A1,), (replace(anas, speaker=A1),)))
    store_moment("speech", words, at_s=40, labels=Labels((A2,), (calm,)), language="fr")
    store_moment("speech", words, at_s=80, labels=Labels((B1,), (unknown,)), is_final=False)
    store_moment(
        "scene", words, at_s=120, labels=Labels((B1, A2), (replace(calm, speaker=B1), replace(ANGRY, speaker=A2)))
    )

    async def starts(**narrowed: Any) -> list[float]:
        found = []
        for path, question in (("/search", {"q": words}), ("/moments/newest", {})):
            answer = await ask.get(path, params={**question, **narrowed})
            assert answer.status_code == 200, answer.text
            found.append(sorted(moment["start_s"] - START_S for moment in answer.json()["moments"]))
        assert found[0] == found[1]
        return found[0]

    assert await starts() == [0, 40, 80, 120]
    assert await starts(speaker="Ana") == [0, 40, 120]
    assert await starts(speaker=["ana", "speaker 2"]) == [0, 40, 80, 120]
    assert await starts(speaker="Ana", mood="angry", kind="speech") == [0]
    assert await starts(speaker="Ana", mood="angry", kind="scene") == [120]
    assert await starts(speaker="speaker 2", mood="angry") == []  # Ana is, beside them
    assert await starts(speaker="speaker 2", kind="scene") == [120]
    assert await starts(mood=["calm", "unknown"]) == [40, 80, 120]
    assert await starts(language="FR") == [40]
    assert await starts(arousal_min=0.2) == [0, 120]
    assert await starts(arousal_min=0.2, valence_min=0.2) == []
    assert await starts(valence_max=1) == [0, 40, 120]
    assert await starts(final=True, speaker="speaker 2") == [120]


async def test_a_moment_tells_who_speaks_how_and_why_we_think_so(
    ask: httpx.AsyncClient, store_moment: Callable[..., MomentDescribed]
) -> None:
    labels = Labels((A1, "nobody"), (ANGRY, Mood("unknown", 0.0, 0.0, 0.0)))
    store_moment("speech", "not with me, never", labels=labels, is_final=False)
    store_moment("scene", "not with me, never", labels=Labels((B1, A2), (ANGRY,)))
    for path in ('/search?q="not with me"&kind=speech', "/moments/newest?kind=speech"):
        (moment,) = (await ask.get(path)).json()["moments"]
        assert moment["speakers"][0] == {"id": A1, "label": "Ana"}
        assert [each["label"] for each in moment["moods"]] == ["angry", "unknown"]
        assert moment["moods"][0] == {
            "label": "angry", "valence": -0.6, "arousal": 0.7, "confidence": 0.8,
            "evidence": [
                {"kind": "voice", "what": "pitch above this speaker's usual", "valence": -0.2, "arousal": 0.9,
                 "share": 0.75},
                {"kind": "words", "what": "never", "valence": -0.9, "arousal": 0.1, "share": 0.25},
            ],
        }  # fmt: skip
        assert moment["moods"][1]["valence"] is moment["moods"][1]["arousal"] is None
        assert (moment["language"], moment["is_final"]) == ("en", False)
    fused = (await ask.get('/search?q="not with me"')).json()["moments"][0]
    assert sorted(each["label"] for each in fused["speakers"]) == ["Ana", "speaker 2"]  # a1 and a2 are one
    assert sorted(each["label"] for each in fused["moods"]) == ["angry", "unknown"]


PICTURE = {"Content-Type": "image/png"}
JSON = {"Content-Type": "application/json"}


async def test_a_search_by_something_shown_or_played(
    ask: httpx.AsyncClient, store_moment: Callable[..., MomentDescribed]
) -> None:
    store_moment("scene", "a red car in the rain", 0.0)
    store_moment("scene", "children in a swimming pool", 60.0)
    store_moment("speech", "the budget grows while taxes fall", 120.0)
    for by, type in (("picture", "image/png"), ("clip", "video/mp4")):
        answer = await ask.post(f"/search/by-example?by={by}", content=b"a wet red car", headers={"Content-Type": type})
        best = answer.json()["moments"][0]
        assert (best["start_s"], best["evidence"][0]["why"]) == (START_S, "picture")
    # The words heard are no query language: this is no question about two things at once.
    heard = await ask.post(
        "/search/by-example?by=speech", content=b"the budget grows while taxes fall", headers=PICTURE
    )
    assert heard.json()["moments"][0]["start_s"] == START_S + 120
    narrowed = await ask.post("/search/by-example?by=picture&q=source:other", content=b"a red car", headers=PICTURE)
    assert narrowed.json()["moments"] == []


async def test_a_voice_is_searched_by_itself(parts: ApiParts) -> None:
    store = open_store(EdgeFolder(parts.clips.folder.parent / "voices"), VOICED)
    speech = [
        MomentDescribed("cam", "speech", START_S + n, START_S + n + 0.5, "minilm",
                        {"text": (1.0, 0.0), "voice": voice}, text=f"utterance {n}")
        for n, voice in enumerate([(1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.1, 0.9, 0.0, 0.0)])
    ]  # fmt: skip
    store.moments.upsert(speech, START_S)
    no_model: Any = None
    service = SearchService(store.moments, no_model, no_model)
    async with client(replace(parts, service=service, store=store.moments)) as ask:
        answer = await ask.post("/search/by-example?by=voice&kind=speech", content=b"0 1 0 0", headers=PICTURE)
    store.close()
    evidence = answer.json()["moments"][0]["evidence"]
    assert [(each["why"], each["text"]) for each in evidence] == [("voice", "utterance 1"), ("voice", "utterance 2")]


@pytest.mark.parametrize(
    ("path", "body", "about"),
    [
        ("by=smell", b"x", "by: "),
        ("", b"x", "by: "),
        ("by=picture", b"", "missing"),
        ("by=picture", b"\xff\xd8", "can't be read"),
        ("by=picture&q=cat+mood:furious", b"x", "no mood"),
        ("by=picture&source=a&q=source:b", b"x", "differ"),
    ],
)
async def test_an_example_that_will_not_do_is_explained(
    ask: httpx.AsyncClient, path: str, body: bytes, about: str
) -> None:
    answer = await ask.post(f"/search/by-example?{path}", content=body, headers=PICTURE)
    assert answer.status_code == 400
    assert about in answer.json()["error"]


async def test_no_more_of_an_example_is_read_than_is_allowed(ask: httpx.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1_000_000
            yield bytes(1_000_000)

    answer = await ask.post("/search/by-example?by=picture", content=endless(), headers=PICTURE)
    assert (answer.status_code, "larger than 20 MB" in answer.json()["error"]) == (400, True)
    assert sent < 25_000_000


async def test_no_more_json_is_read_than_a_question_needs(ask: httpx.AsyncClient) -> None:
    answer = await ask.post("/answer", content=b'{"q": "' + b"x" * 2_000_000 + b'"}', headers=JSON)
    assert (answer.status_code, "1000000 bytes at most" in answer.json()["error"]) == (413, True)
    small = await ask.post("/answer", json={"q": "anything"})
    assert (small.status_code, small.json()["moments"]) == (200, [])


async def test_more_like_a_moment_and_not_like_another(
    ask: httpx.AsyncClient, store_moment: Callable[..., MomentDescribed]
) -> None:
    shown = store_moment("scene", "a red car in the rain", 0.0)
    store_moment("scene", "a red car in the sun", 60.0)
    store_moment("scene", "a red bus in the rain", 120.0)
    bus = store_moment("scene", "a red bus in the rain at night", 180.0)
    like = (await ask.get("/search", params={"like": moment_id(shown)})).json()["moments"]
    assert {each["start_s"] - START_S for each in like} >= {60.0, 120.0}
    but = (await ask.get("/search", params={"like": moment_id(shown), "unlike": moment_id(bus)})).json()["moments"]
    assert [each["start_s"] - START_S for each in but] == [60.0]


async def test_the_answer_says_how_the_query_was_read(ask: httpx.AsyncClient) -> None:
    query = 'kind:text "red car" -bus while speaker:Ana since:1h'
    first, second = (await ask.get("/search", params={"q": query})).json()["understood"]
    assert (first["text"], first["phrases"], first["excluded"]) == ("red car", ["red car"], ["bus"])
    assert first["where"]["kinds"] == ["text"]
    assert (second["where"]["speakers"], second["since_s"]) == (["Ana"], NOW_S - 3600)


async def test_either_of_two_is_found_and_told(
    ask: httpx.AsyncClient, store_moment: Callable[..., MomentDescribed]
) -> None:
    store_moment("text", "the ferry is late", 0.0)
    store_moment("text", "the train was cancelled", 60.0)
    store_moment("text", "lunch is served", 120.0)
    answer = (await ask.get("/search", params={"q": 'ferry OR "train was" source:cam'})).json()
    assert sorted(each["start_s"] - START_S for each in answer["moments"]) == [0.0, 60.0]
    [read] = answer["understood"]
    assert (read["text"], read["phrases"]) == ("ferry", [])
    assert read["alternatives"] == [{"text": "train was", "phrases": ["train was"]}]
    refused = (await ask.get("/search", params={"q": "ferry OR"})).json()
    assert refused["at"] == {"start": 6, "end": 8}


async def test_where_nobody_was_heard_yet_no_speaker_can_be_asked_for(parts: ApiParts) -> None:
    async with client(replace(parts, speakers=Speakers(parts.store, NoSpeakers(), 4))) as ask:
        answer = await ask.get("/search", params={"q": "x", "speaker": "Ana"})
    assert answer.status_code == 400
    assert answer.json()["error"] == "there is no speaker 'Ana': nobody has been heard yet"


async def test_nothing_known_differs_from_nothing_found(
    ask: httpx.AsyncClient, parts: ApiParts, store_moment: Callable[..., MomentDescribed]
) -> None:
    store_moment("speech", "good evening")
    parts.watermarks.advance(WatermarkAdvanced("cam", "speech", START_S + 2, START_S + 3))
    answer = (await ask.get("/search", params={"q": "zebra", "source": ["cam", "nobody"], "kind": "text"})).json()
    assert answer["moments"] == []
    assert answer["complete_until"] == {"cam": {"speech": START_S + 2}, "nobody": {}}
    assert any("'nobody'" in warning for warning in answer["warnings"])
    assert not any("'cam'" in warning for warning in answer["warnings"])


async def test_what_is_too_weak_to_be_evidence_is_there_for_who_asks(
    ask: httpx.AsyncClient, store_moment: Callable[..., MomentDescribed]
) -> None:
    store_moment("speech", "good evening")
    asked = {"q": "quantum chromodynamics"}
    assert (await ask.get("/search", params=asked)).json()["moments"] == []

    (weak,) = (await ask.get("/search", params={**asked, "weak": "true"})).json()["moments"]
    assert weak["text"] == "good evening"
    assert weak["score"] < 0.15


async def test_a_stand_in_is_said_wherever_it_matters(ask: httpx.AsyncClient) -> None:
    said = "pictures: concept stands in for open_clip:ViT-B-32: knows no people"
    assert said in (await ask.get("/search", params={"q": "zebra"})).json()["warnings"]
    assert said in (await ask.get("/health")).json()["warnings"]
    pictures, sentences = (await ask.get("/encoders")).json()["encoders"]
    assert (pictures["stand_in_for"], pictures["warning"]) == ("open_clip:ViT-B-32", "knows no people")
    assert (sentences["name"], sentences["licence"], sentences["stand_in_for"]) == ("minilm", "Apache-2.0", None)


async def test_the_newest_come_latest_first(
    ask: httpx.AsyncClient, parts: ApiParts, store_moment: Callable[..., MomentDescribed]
) -> None:
    for at_s, modality in ((0, "speech"), (5, "scene"), (9, "text")):
        store_moment(modality, f"moment at {at_s}", at_s=at_s)
    parts.watermarks.advance(WatermarkAdvanced("cam", "scene", START_S + 7, START_S + 8))
    answer = (await ask.get("/moments/newest")).json()
    assert [(each["start_s"] - START_S, each["modalities"]) for each in answer["moments"]] == [
        (9, ["text"]), (5, ["scene"]), (0, ["speech"])
    ]  # fmt: skip
    assert all(each["score"] is None and each["evidence"] == [] for each in answer["moments"])
    assert answer["complete_until"] == {"cam": {"scene": START_S + 7}}
    narrowed = (await ask.get("/moments/newest", params={"kind": "scene", "limit": 1, "source": "cam"})).json()
    assert [each["start_s"] for each in narrowed["moments"]] == [START_S + 5]


async def test_all_kinds_by_name_are_all_there_is(
    ask: httpx.AsyncClient, store_moment: Callable[..., MomentDescribed]
) -> None:
    for at_s, modality in ((0, "speech"), (50, "scene"), (90, "text")):
        store_moment(modality, f"moment at {at_s}", at_s=at_s)
    kinds = ["scene", "speech", "text"]
    for asked in (
        {"q": " ".join(f"kind:{kind}" for kind in kinds)},
        {"kind": kinds},
        {"q": "kind:text", "kind": kinds},
    ):
        answer = (await ask.get("/search", params=asked)).json()
        found = [each["start_s"] - START_S for each in answer["moments"]]
        assert found == ([90] if asked.get("q") == "kind:text" else [90, 50, 0])
    assert (await ask.get("/search")).status_code == 400


async def test_sources_show_how_much_and_how_far(
    ask: httpx.AsyncClient, parts: ApiParts, store_moment: Callable[..., MomentDescribed]
) -> None:
    store_moment("speech", "good evening")
    store_moment("text", "good evening", source="chat")
    parts.watermarks.advance(WatermarkAdvanced("cam", "speech", NOW_S - 4, NOW_S - 1))
    parts.watermarks.advance(WatermarkAdvanced("quiet", "scene", NOW_S - 50, NOW_S))
    assert (await ask.get("/sources")).json()["sources"] == [
        {
            "source": "cam",
            "moments": {"speech": 1},
            "watermarks": {"speech": {"until_s": NOW_S - 4, "stored_s": NOW_S - 1, "behind_s": 4}},
        },
        {"source": "chat", "moments": {"text": 1}, "watermarks": {}},
        {
            "source": "quiet",
            "moments": {},
            "watermarks": {"scene": {"until_s": NOW_S - 50, "stored_s": NOW_S, "behind_s": 50}},
        },
    ]


@pytest.mark.parametrize(
    ("path", "about"),
    [
        ("/search", "empty"),
        ("/search?q=", "empty"),
        ("/search?q=%20", "empty"),
        ("/search?q=x+kind:smell", "no kind"),
        ("/search?q=the+of", "quotation marks"),
        ("/search?q=-cars", "what to look for too"),
        ("/search?q=x+speaker:Zoe", "no speaker 'Zoe'"),
        ("/search?q=x+source:a&source=b", "differ"),
        ("/search?q=x+kind:scene&kind=text", "exclude each other"),
        ("/search?q=x&offset=991", "best 1000"),
        ("/search?q=x&offset=-1", "offset: "),
        ("/search?like=nothing", "like: "),
        ("/search?like=11111111-1111-1111-1111-111111111111", "no moment 11111111"),
        ("/search?q=" + "x" * 2001, "q: "),
        ("/search?q=x&kind=smell", "kind: "),
        ("/search?q=x&limit=0", "limit: "),
        ("/search?q=x&limit=101", "limit: "),
        ("/search?q=x&since=last+week", "10m"),
        ("/search?q=x&until=nan", "ISO 8601"),
        ("/search?q=x&since=20&until=10", "after"),
        ("/moments/newest?limit=many", "limit: "),
        ("/search?q=x&speaker=Zoe", "no speaker 'Zoe'; there are Ana, speaker 2"),
        ("/moments/newest?speaker=Zoe", "no speaker 'Zoe'"),
        ("/search?q=x&mood=bored", "mood: "),
        ("/search?q=x&valence_min=nan", "valence_min: "),
        ("/search?q=x&arousal_max=1.5", "arousal_max: "),
        ("/search?q=x&arousal_min=0.5&arousal_max=0.1", "arousal goes from 0.5 to 0.1"),
        ("/moments/newest?valence_min=0.5&valence_max=-1", "valence goes from 0.5 to -1"),
        ("/clip?source=cam&start_s=5&end_s=4", "before"),
        ("/clip?source=cam&start_s=0&end_s=121", "120 s"),
        ("/clip?source=cam&start_s=nan&end_s=nan", "before"),
        ("/clip?source=..%2F..&start_s=1&end_s=2", "source"),
        ("/clip?source=cam", "start_s: "),
    ],
)
async def test_a_mistake_is_explained(ask: httpx.AsyncClient, path: str, about: str) -> None:
    answer = await ask.get(path)
    assert answer.status_code == 400
    assert set(answer.json()) <= {"error", "at"}
    assert about in answer.json()["error"]


async def test_a_mistake_in_the_query_is_pointed_at(ask: httpx.AsyncClient) -> None:
    query = "cats mood:furious"
    answer = (await ask.get("/search", params={"q": query})).json()
    assert query[answer["at"]["start"] : answer["at"]["end"]] == "mood:furious"


async def test_what_is_not_there_is_said_in_the_same_form(ask: httpx.AsyncClient) -> None:
    missing, wrong = await ask.get("/nothing"), await ask.post("/search", json={})
    assert (missing.status_code, wrong.status_code) == (404, 405)
    assert "/docs" in missing.json()["error"] and "/docs" in wrong.json()["error"]


class _Down:
    """A store whose server went away."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def fail(*_: Any, **__: Any) -> Any:
            raise self._error

        return fail


@pytest.mark.parametrize("path", ["/search?q=x", "/moments/newest", "/sources"])
async def test_a_store_that_is_down_is_503_and_no_stack_trace(
    parts: ApiParts, sentences: SentenceEncoder, path: str
) -> None:
    down: Any = _Down(ConnectionError("the Qdrant server does not answer"))
    service = SearchService(down, sentences, DescribedPictures(sentences))
    async with client(replace(parts, store=down, service=service)) as ask:
        answer = await ask.get(path)
        health = await ask.get("/health")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert "the Qdrant server does not answer" in answer.json()["error"]
    assert health.status_code == 503
    assert health.json()["parts"]["store"] == {
        "ok": False, "detail": "does not answer: the Qdrant server does not answer"
    }  # fmt: skip


async def test_a_fault_of_ours_tells_nothing_of_its_inside(parts: ApiParts) -> None:
    broken: Any = _Down(RuntimeError("secret"))
    async with client(replace(parts, store=broken)) as ask:
        answer = await ask.get("/sources")
    assert answer.status_code == 500
    assert set(answer.json()) == {"error"}
    assert "secret" not in answer.text


async def test_health_names_what_is_not_ready(parts: ApiParts) -> None:
    async with client(replace(parts, lag=lambda: {"moments": 3})) as ask:
        ready = await ask.get("/health")
    assert (ready.status_code, ready.json()["status"], ready.json()["lag"]) == (200, "ready", {"moments": 3})
    async with client(replace(parts, ready=lambda: (False, "still reading the watermarks"))) as ask:
        waiting = await ask.get("/health")
    assert (waiting.status_code, waiting.json()["status"]) == (503, "not ready")
    assert waiting.json()["parts"]["streams"] == {"ok": False, "detail": "still reading the watermarks"}
    assert waiting.json()["parts"]["store"]["ok"] is True


async def test_health_names_a_stage_that_is_stuck_though_searches_are_answered(parts: ApiParts) -> None:
    stuck = StuckStage(
        "embed_text", "sending to moments", 1000.0, 1090.0, "media.text", 3, 17, "lobby", "OSError: away"
    )
    async with client(replace(parts, stuck=lambda: [stuck])) as ask:
        health = await ask.get("/health")
    assert (health.status_code, health.json()["status"]) == (200, "degraded")
    detail = (
        "embed_text has been stuck for 90 s, at media.text[3]@17 of source lobby, sending to moments: OSError: away"
    )
    assert health.json()["stuck"] == [
        {"stage": "embed_text", "topic": "media.text", "partition": 3, "offset": 17, "source": "lobby",
         "since_s": 1000.0, "doing": "sending to moments", "error": "OSError: away", "detail": detail}
    ]  # fmt: skip
    assert detail in health.json()["warnings"]


async def test_a_part_beside_the_node_degrades_the_whole_and_the_node_serves(parts: ApiParts) -> None:
    others: dict[str, str | None] = {"worker": "none is at work", "dashboard": None}
    async with client(replace(parts, others=lambda: others)) as ask:
        health = await ask.get("/health")
    assert (health.status_code, health.json()["status"]) == (200, "degraded")
    assert health.json()["parts"]["worker"] == {"ok": False, "detail": "none is at work"}
    assert health.json()["parts"]["dashboard"]["ok"] is True


@pytest.mark.parametrize(("asked", "status"), [("ready", "not ready"), ("others", "degraded")])
async def test_what_cant_be_asked_is_not_known_and_never_ready(parts: ApiParts, asked: str, status: str) -> None:
    def fail() -> Any:
        raise RuntimeError("secret")

    broken = replace(parts, ready=fail) if asked == "ready" else replace(parts, others=fail)
    async with client(broken) as ask:
        health = await ask.get("/health")
    assert health.json()["status"] == status
    assert "not known" in health.text
    assert "secret" not in health.text


async def test_metrics_are_prometheus_text(parts: ApiParts) -> None:
    parts.metrics.covered(CoverageAdvanced("cam", "scene", 0.0, 4.0, 5.0, decode_s=0.5))
    async with client(replace(parts, lag=lambda: {"moments": 3})) as ask:
        await ask.get("/search", params={"q": "zebra"})
        page = await ask.get("/metrics")
    assert page.headers["content-type"].startswith("text/plain; version=")
    values = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(page.text)
        for sample in family.samples
    }
    assert values["nowseen_consumer_lag", "moments"] == 3
    assert values["nowseen_search_seconds_count", "store"] == 1
    assert values["nowseen_decode_seconds_sum", "scene"] == 0.5


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8000", ""])
async def test_a_name_that_is_not_ours_is_refused(ask: httpx.AsyncClient, host: str) -> None:
    answer = await ask.get("/sources", headers={"Host": host})
    assert answer.status_code == 400
    assert "NOWSEEN_ALLOWED_HOSTS" in answer.json()["error"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:9999", "LOCALHOST", "[::1]:8000", "node.example:80"])
async def test_names_that_are_ours_are_served(parts: ApiParts, host: str) -> None:
    async with client(replace(parts, hosts=ServedHosts(allowed="node.example"))) as ask:
        assert (await ask.get("/sources", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://localhost:8501", True), ("http://127.0.0.1", True), ("https://localhost", False),
        ("http://localhost.evil.example", False), ("http://evil.example", False), ("null", False),
    ],
)  # fmt: skip
async def test_only_pages_of_this_machine_may_read(ask: httpx.AsyncClient, origin: str, allowed: bool) -> None:
    answer = await ask.get("/sources", headers={"Origin": origin})
    assert answer.headers.get("access-control-allow-origin") == (origin if allowed else None)
    asking = {"Origin": origin, "Access-Control-Request-Method": "DELETE"}
    assert (await ask.options("/sources", headers=asking)).status_code == 400


async def test_the_root_leads_to_the_docs_which_list_everything(ask: httpx.AsyncClient) -> None:
    root = await ask.get("/")
    assert (root.status_code, root.headers["location"]) == (307, "/docs")
    assert (await ask.get("/docs")).status_code == 200
    paths = (await ask.get("/openapi.json")).json()["paths"]
    assert set(paths) == {
        "/search", "/search/by-example", "/answer",
        "/moments/newest", "/sources", "/clip", "/thumbnails/{key}", "/encoders", "/health", "/metrics",
        "/speakers", "/speakers/{who}", "/speakers/{who}/merge", "/speakers/{who}/rules", "/speakers/{who}/split",
    }  # fmt: skip
    changing = [path for path, methods in paths.items() if set(methods) != {"get"} and not path.startswith("/speakers")]
    assert set(changing) == {"/search/by-example", "/answer"}  # which change nothing, but take more than an address


async def test_the_description_needs_nothing_from_elsewhere(ask: httpx.AsyncClient) -> None:
    page = (await ask.get("/docs")).text
    assert "//" not in page.replace("//127.0.0.1", "")
    needed = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert any(address.endswith(".js") for address in needed)
    for address in needed:
        assert (await ask.get(address)).status_code == 200, address
