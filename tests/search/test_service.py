"""Search over a real store with the packaged encoders: what people ask for comes first, and nothing means nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_sample_images  # type: ignore[import-untyped]  # ships no types

from domain.events import Modality, MomentDescribed
from domain.moments import moment_id
from domain.ports import Matrix, MomentFilter, MomentStore, PictureEncoder, SentenceEncoder
from domain.query import Wording
from encoders.concept_pictures import ConceptPictureEncoder
from encoders.options import EncoderOptions
from encoders.sentences import load_minilm
from search.collections import CollectionSpec
from search.query_bank import QueryBank, bank_queries
from search.query_vectors import QueryVectors
from search.request import BadQuery, Example, SearchRequest, Wanted
from search.service import SearchOptions, SearchService
from search.stores import EdgeFolder, open_store

T0_S = 1_767_225_600.0
TALK = (
    "good evening and welcome to the programme",
    "the central bank raised interest rates by another quarter point this morning",
    "and he scores, what a goal, the whole bench is running onto the pitch",
    "the river burst its banks overnight and dozens of homes are under water",
    "let the dough rest for an hour under a towel until it has doubled in size",
)
HEADLINE = "Flood: homes under water after the river burst its banks"


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> EncoderOptions:
    return EncoderOptions(tmp_path_factory.mktemp("cache"), device="cpu", allow_download=False)


@pytest.fixture(scope="module")
def sentences(options: EncoderOptions) -> SentenceEncoder:
    return load_minilm(options)


@pytest.fixture(scope="module")
def pictures(options: EncoderOptions) -> PictureEncoder:
    return ConceptPictureEncoder(options)


@pytest.fixture(scope="module")
def store(
    tmp_path_factory: pytest.TempPathFactory, sentences: SentenceEncoder, pictures: PictureEncoder
) -> Iterator[MomentStore]:
    """Talk every 40 s on "news"; a headline beside the flood; two photographs, a palace and a flower, on "camera"."""
    opened = open_store(EdgeFolder(tmp_path_factory.mktemp("store")), _specs(sentences, pictures)).moments
    said = sentences.encode_texts([*TALK, HEADLINE])
    seen = pictures.encode_images(load_sample_images().images)  # china.jpg, flower.jpg
    moments = [_moment("news", "speech", 40.0 * n, said[n], text) for n, text in enumerate(TALK)]
    moments.append(_moment("news", "text", 121.0, said[-1], HEADLINE))
    moments += [_moment("camera", "scene", 10.0 * n, row, "", f"camera/{n}.jpg") for n, row in enumerate(seen)]
    opened.upsert(moments, stored_s=T0_S + 500.0)
    yield opened
    opened.close()


def _specs(sentences: SentenceEncoder, pictures: PictureEncoder) -> tuple[CollectionSpec, ...]:
    size, pixels = sentences.info.vector_size, pictures.info.vector_size
    return (
        CollectionSpec("scenes", "scene", {"image": pixels}, words=False, encoder=pictures.info.name),
        CollectionSpec("speech", "speech", {"text": size}, words=True, encoder=sentences.info.name),
        CollectionSpec("texts", "text", {"text": size}, words=True, encoder=sentences.info.name),
        CollectionSpec("speakers", None, {"voice": 4, "enrolled": 4}, words=False, encoder="voices-1"),
    )


def _moment(
    source: str,
    modality: Modality,
    after_s: float,
    vector: np.ndarray[Any, Any],
    text: str,
    thumbnail: str | None = None,
) -> MomentDescribed:
    name, encoder = ("image", "concept") if modality == "scene" else ("text", "minilm")
    start_s = T0_S + after_s
    return MomentDescribed(
        source, modality, start_s, start_s + 4.0, encoder, {name: tuple(vector.tolist())}, text=text,
        thumbnail_key=thumbnail,
    )  # fmt: skip


@pytest.fixture(scope="module")
def service(store: MomentStore, sentences: SentenceEncoder, pictures: PictureEncoder) -> SearchService:
    return SearchService(store, sentences, pictures)


@pytest.mark.parametrize(("query", "n"), [("football celebration", 2), ("baking bread", 4), ("monetary policy", 1)])
def test_meaning_finds_what_was_said_in_other_words(service: SearchService, query: str, n: int) -> None:
    best = service.search(SearchRequest(query)).moments[0]
    assert best.text == TALK[n]
    assert (best.source, best.start_s, best.end_s) == ("news", T0_S + 40.0 * n, T0_S + 40.0 * n + 4.0)
    assert [each.why for each in best.evidence] == ["meaning"]
    assert 0.15 <= best.score <= 1.0


def test_exact_words_are_evidence_of_their_own(service: SearchService) -> None:
    best = service.search(SearchRequest("interest rates", modalities=("speech",))).moments[0]
    evidence = {each.why: each for each in best.evidence}
    assert set(evidence) == {"meaning", "words"}
    assert evidence["words"].matched_words == ("interest", "rates")
    assert evidence["words"].score == best.score == 1.0


def test_speech_and_text_of_the_same_seconds_are_one_moment(service: SearchService) -> None:
    best = service.search(SearchRequest("homes under water")).moments[0]
    assert {each.modality for each in best.evidence} == {"speech", "text"}
    assert (best.start_s, best.end_s) == (T0_S + 120.0, T0_S + 125.0)


def test_a_picture_is_found_by_what_it_shows(service: SearchService) -> None:
    best = service.search(SearchRequest("a palace or temple")).moments[0]
    assert (best.source, best.thumbnail_key) == ("camera", "camera/0.jpg")
    assert [(each.why, each.modality, each.encoder) for each in best.evidence] == [("picture", "scene", "concept")]
    assert best.evidence[0].raw_score < best.score


@pytest.mark.parametrize("query", ["quantum chromodynamics lecture", "zebra crossing repainted", "qqqq", "???"])
def test_no_match_is_an_honest_answer(service: SearchService, query: str) -> None:
    assert service.search(SearchRequest(query)).moments == ()


@pytest.mark.parametrize("query", ["quantum chromodynamics lecture", "a palace or temple", "baking bread"])
def test_what_is_too_weak_is_found_when_it_is_asked_for_and_comes_last(service: SearchService, query: str) -> None:
    strong, all = (service.search(SearchRequest(query, weak=weak)).moments for weak in (False, True))
    texts = [moment.text for moment in strong]

    assert [moment.text for moment in all][: len(texts)] == texts
    assert {(moment.source, moment.start_s) for moment in all} >= {("camera", T0_S), ("news", T0_S)}
    assert all[-1].score < 0.15


def test_the_scope_holds_for_every_kind_of_evidence(service: SearchService) -> None:
    only_text = service.search(SearchRequest("river flood homes", modalities=("text",)))
    assert {each.modality for moment in only_text.moments for each in moment.evidence} == {"text"}
    before = MomentFilter(until_s=T0_S + 60.0)
    assert service.search(SearchRequest("let the dough rest", where=before)).moments == ()
    elsewhere = MomentFilter(sources=("camera",))
    assert service.search(SearchRequest("let the dough rest", where=elsewhere)).moments == ()
    assert service.search(SearchRequest("let the dough rest")).moments[0].text == TALK[4]


def test_limit_counts_moments(service: SearchService) -> None:
    words = " ".join(TALK)
    assert len(service.search(SearchRequest(words, limit=100)).moments) >= 3
    assert len(service.search(SearchRequest(words, limit=2)).moments) == 2


def test_the_same_question_gets_the_same_answer_and_each_stage_is_timed(service: SearchService) -> None:
    first, second = (service.search(SearchRequest("flood in the village", limit=limit)) for limit in (10, 11))
    assert first.moments == second.moments != ()
    assert set(first.took_ms) == {"encode", "store", "rank", "rerank"}


def test_many_may_ask_at_once(service: SearchService) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda text: service.search(SearchRequest(text)), [TALK[1], TALK[4]] * 6))
    assert [answer.moments[0].text for answer in answers] == [TALK[1], TALK[4]] * 6


def test_the_newest_of_all_modalities_come_latest_first(service: SearchService) -> None:
    found = service.newest(MomentFilter(), ("scene", "speech", "text"), 3)
    assert [moment.start_s - T0_S for moment in found] == [160.0, 121.0, 120.0]
    assert [moment.modality for moment in found] == ["speech", "text", "speech"]
    assert found[0].stored_s == T0_S + 500.0
    (flower,) = service.newest(MomentFilter(sources=("camera",)), ("scene",), 1)
    assert flower.thumbnail_key == "camera/1.jpg"


def test_what_is_excluded_is_in_no_answer(service: SearchService) -> None:
    assert service.search(SearchRequest("flood water homes")).moments[0].start_s == T0_S + 120.0
    by_word = service.search(SearchRequest("flood water homes", excluded=("river",)))
    assert not any("river" in each.text for moment in by_word.moments for each in moment.evidence)
    by_meaning = service.search(SearchRequest("money and homes", excluded=("a flooded village",)))
    assert TALK[3] not in {each.text for moment in by_meaning.moments for each in moment.evidence}
    assert service.search(SearchRequest("a palace", excluded=("a palace",), modalities=("scene",))).moments == ()


def test_what_is_left_out_is_made_up_for(
    store: MomentStore, sentences: SentenceEncoder, pictures: PictureEncoder
) -> None:
    few = SearchService(store, sentences, pictures, SearchOptions(tiers=((1, 1),)))
    [found] = few.search(
        SearchRequest("homes under water", ("speech", "text"), excluded=("headline flood:",), limit=1)
    ).moments
    assert {each.text for each in found.evidence} == {TALK[3]}


def test_a_phrase_must_stand_there(service: SearchService) -> None:
    [found] = service.search(SearchRequest("banks overnight", phrases=("banks overnight",))).moments
    assert found.text == TALK[3]
    assert service.search(SearchRequest("overnight banks", phrases=("overnight banks",))).moments == ()
    asked = SearchRequest("what the whole bench thought of monetary policy today", phrases=("the whole bench",))
    assert service.search(asked).moments[0].text == TALK[2]


def test_alternatives_find_what_each_of_them_finds(service: SearchService) -> None:
    bread, flood, palace = Wording("let the dough rest"), Wording("homes under water"), Wording("a palace or temple")
    found = service.search(SearchRequest(bread.text, alternatives=(flood, palace))).moments
    alone = [service.search(SearchRequest(each.text)).moments[0] for each in (bread, flood, palace)]
    by_start = {(moment.source, moment.start_s): moment for moment in found}
    for each in alone:
        assert by_start[each.source, each.start_s].score == each.score
    assert len({(each.moment_id, each.why) for moment in found for each in moment.evidence}) == sum(
        len(moment.evidence) for moment in found
    )
    assert [moment.score for moment in found] == sorted((moment.score for moment in found), reverse=True)


def test_a_phrase_binds_only_its_own_alternative(service: SearchService) -> None:
    phrase = Wording("overnight banks", ("overnight banks",))  # nobody said so: only "banks overnight"
    [bread] = service.search(SearchRequest("let the dough rest", ("speech",))).moments
    assert service.search(SearchRequest("let the dough rest", ("speech",), alternatives=(phrase,))).moments == (bread,)
    said = Wording("banks overnight", ("banks overnight",))
    both = service.search(SearchRequest("let the dough rest", ("speech",), alternatives=(said,))).moments
    assert {moment.text for moment in both} == {TALK[3], TALK[4]}
    with pytest.raises(BadQuery, match="pictures have no words"):
        SearchRequest("a palace", ("scene",), alternatives=(said,))


def test_what_is_excluded_is_in_no_alternative(service: SearchService) -> None:
    asked = SearchRequest("let the dough rest", excluded=("river",), alternatives=(Wording("homes under water"),))
    assert not any("river" in each.text for moment in service.search(asked).moments for each in moment.evidence)


def test_without_words_all_inside_the_filter_comes_newest_first(service: SearchService) -> None:
    found = service.search(SearchRequest("", where=MomentFilter(sources=("news",))))
    assert [moment.start_s - T0_S for moment in found.moments] == [160.0, 121.0, 120.0, 80.0, 40.0, 0.0]
    assert {each.why for moment in found.moments for each in moment.evidence} == {"filter"}
    without = service.search(SearchRequest("", where=MomentFilter(sources=("news",)), excluded=("interest rates",)))
    assert T0_S + 40.0 not in {moment.start_s for moment in without.moments}


def test_while_is_both_at_the_same_time_of_the_same_source(service: SearchService) -> None:
    headline = Wanted("", ("text",), MomentFilter(sources=("news",)))
    [both] = service.search(SearchRequest("homes under water", ("speech",), meanwhile=(headline,))).moments
    assert (both.start_s, both.end_s) == (T0_S + 121.0, T0_S + 124.0)
    assert {each.modality for each in both.evidence} == {"speech", "text"}
    assert service.search(SearchRequest("let the dough rest", ("speech",), meanwhile=(headline,))).moments == ()
    either = replace(headline, text="something else", alternatives=(Wording("homes under water"),))
    [again] = service.search(SearchRequest("homes under water", ("speech",), meanwhile=(either,))).moments
    assert (again.start_s, again.end_s) == (both.start_s, both.end_s)
    elsewhere = Wanted("", ("scene",))
    assert service.search(SearchRequest("homes under water", ("speech",), meanwhile=(elsewhere,))).moments == ()


def test_more_like_this_moment_and_not_like_that(service: SearchService, store: MomentStore) -> None:
    by_text = {
        each.moment.text: each.id for kind in ("speech", "text") for each in store.newest(kind, MomentFilter(), 9)
    }
    like = service.examples([by_text[HEADLINE]])
    found = service.search(SearchRequest(like=like)).moments
    assert found[0].text == TALK[3]
    assert [each.why for each in found[0].evidence] == ["meaning"]
    assert HEADLINE not in {each.text for moment in found for each in moment.evidence}  # itself
    but = service.examples([by_text[TALK[3]]])
    assert TALK[3] not in {moment.text for moment in service.search(SearchRequest(like=like, unlike=but)).moments}
    with pytest.raises(BadQuery, match="what it is to be like"):
        SearchRequest(unlike=like)


def test_words_by_this_voice_and_not_by_that_one(
    tmp_path: Path, sentences: SentenceEncoder, pictures: PictureEncoder
) -> None:
    size = sentences.info.vector_size
    specs = [
        replace(each, vectors={"text": size, "voice": 4}) if each.modality == "speech" else each
        for each in _specs(sentences, pictures)
    ]
    ann, bob = (1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0)
    said = sentences.encode_texts(TALK)
    moments = [
        _moment("news", "speech", 60.0 * n, row, text) for n, (row, text) in enumerate(zip(said[:5], TALK, strict=True))
    ]
    voiced = [replace(each, vectors={**each.vectors, "voice": (ann, bob)[n % 2]}) for n, each in enumerate(moments)]
    two = open_store(EdgeFolder(tmp_path), specs).moments
    two.upsert([*voiced[:-1], moments[-1]], T0_S)
    service = SearchService(two, sentences, pictures)
    like, unlike = (Example("voice", ann),), (Example("voice", bob),)
    asked = SearchRequest("interest rates", ("speech",), like=like)
    assert TALK[1] in {each.text for each in service.search(asked).moments}  # by its words, in Bob's voice
    texts = [each.text for each in service.search(replace(asked, unlike=unlike)).moments]
    assert sorted(texts) == sorted([TALK[0], TALK[2]])
    bread = replace(asked, text="let the dough rest", unlike=unlike)
    assert service.search(bread).moments[0].text == TALK[4]  # without a voice it is not like Bob's
    two.close()


def test_a_picture_finds_its_like(service: SearchService, pictures: PictureEncoder) -> None:
    china, _ = load_sample_images().images
    [vector] = pictures.encode_images([china[20:-20, 30:-30]])
    found = service.search(SearchRequest(like=(Example("picture", tuple(vector.tolist())),))).moments
    assert found[0].thumbnail_key == "camera/0.jpg"
    assert found[0].score > 0.8


def test_where_all_is_like_it_it_is_still_found(
    tmp_path: Path, sentences: SentenceEncoder, pictures: PictureEncoder
) -> None:
    static = open_store(EdgeFolder(tmp_path), _specs(sentences, pictures)).moments
    china, _ = load_sample_images().images
    rows = pictures.encode_images([china[n:] for n in range(30)])
    static.upsert([_moment("static", "scene", 10.0 * n, row, "") for n, row in enumerate(rows)], T0_S)
    service = SearchService(static, sentences, pictures)
    found = service.search(SearchRequest(like=(Example("picture", tuple(rows[0].tolist())),))).moments
    static.close()
    assert len(found) == 10
    assert min(moment.score for moment in found) > 0.8


def test_an_answer_is_remembered_until_something_is_written(
    store: MomentStore, sentences: SentenceEncoder, pictures: PictureEncoder
) -> None:
    service = SearchService(store, sentences, pictures)
    asked = SearchRequest("baking bread")
    first, second = service.search(asked), service.search(asked)
    assert first.moments == second.moments
    assert "remembered" in second.took_ms
    said = _moment("late", "speech", 900.0, sentences.encode_texts(["bread is in the oven"])[0], "bread is in the oven")
    store.upsert([said], T0_S)
    try:
        assert said.text in {moment.text for moment in service.search(asked).moments}
    finally:
        store.delete("speech", [moment_id(said)])


def _scenes(source: str, rows: Matrix, first_s: float = 0.0) -> list[MomentDescribed]:
    return [_moment(source, "scene", first_s + 60.0 * n, row, "") for n, row in enumerate(rows)]


@pytest.fixture
def cameras(tmp_path: Path, sentences: SentenceEncoder, pictures: PictureEncoder) -> Iterator[MomentStore]:
    """One that has seen the same palace 150 times, and eight that saw it once."""
    opened = open_store(EdgeFolder(tmp_path), _specs(sentences, pictures)).moments
    palace, _ = pictures.encode_images(load_sample_images().images)
    noise = np.random.default_rng(1).standard_normal((158, palace.size)).astype(np.float32)
    rows = palace + 0.002 * noise
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    opened.upsert(_scenes("static", rows[:150]), T0_S)
    opened.upsert([scene for n in range(8) for scene in _scenes(f"other-{n}", rows[150 + n : 151 + n])], T0_S)
    yield opened
    opened.close()


def test_one_static_camera_does_not_keep_the_others_away(
    cameras: MomentStore, sentences: SentenceEncoder, pictures: PictureEncoder
) -> None:
    found = SearchService(cameras, sentences, pictures).search(SearchRequest("a palace", ("scene",))).moments
    assert {moment.source for moment in found} == {"static", *(f"other-{n}" for n in range(8))}


def test_no_moment_is_on_two_pages_and_none_is_on_none(
    cameras: MomentStore, sentences: SentenceEncoder, pictures: PictureEncoder
) -> None:
    service = SearchService(cameras, sentences, pictures)
    for text, where in (("a palace", MomentFilter()), ("", MomentFilter(sources=("static",)))):
        pages = [
            service.search(SearchRequest(text, ("scene",), where, limit=10, offset=at)).moments
            for at in range(0, 200, 10)
        ]
        seen = [each.moment_id for page in pages for moment in page for each in moment.evidence]
        assert len(seen) == len(set(seen)) == (158 if text else 150)
    assert [moment.start_s for page in pages for moment in page] == [T0_S + 60.0 * n for n in range(149, -1, -1)]


def test_while_is_found_whichever_half_is_rare_and_comes_first(
    cameras: MomentStore, sentences: SentenceEncoder, pictures: PictureEncoder
) -> None:
    [said] = sentences.encode_texts(["the budget of the city"])
    cameras.upsert([_moment("static", "speech", 60.0 * 77, said, "the budget of the city")], T0_S)
    service = SearchService(cameras, sentences, pictures)
    palace, budget = Wanted("a palace", ("scene",)), Wanted("budget", ("speech",))
    for one, other in ((palace, budget), (budget, palace)):
        [found] = service.search(SearchRequest(one.text, one.modalities, meanwhile=(other,))).moments
        assert found.start_s == T0_S + 60.0 * 77
    [old] = service.search(SearchRequest("budget", ("speech",), meanwhile=(Wanted("", ("scene",)),))).moments
    assert old.start_s == T0_S + 60.0 * 77


def test_a_phrase_is_found_behind_one_source_that_shares_its_words_and_many_others_that_do(
    tmp_path: Path, sentences: SentenceEncoder, pictures: PictureEncoder
) -> None:
    opened = open_store(EdgeFolder(tmp_path), _specs(sentences, pictures)).moments
    near, far = "drill and fire", "no drill today, no fire"
    said = (
        "minutes of the meeting: the lift is serviced in May, bicycles go to the cellar, the garden is closed, the "
        "caretaker is away until June, rents are due by the third, and before all that the fire drill"
    )
    rows = dict(zip((near, far, said), sentences.encode_texts([near, far, said]), strict=True))
    moments = [("newswire", near)] * 1000 + [("hall", far)] * 520 + [("hall", said)] * 3
    opened.upsert(
        [_moment(source, "text", 60.0 * n, rows[text], text) for n, (source, text) in enumerate(moments)],
        T0_S,
    )
    service = SearchService(opened, sentences, pictures)
    found = service.search(SearchRequest("fire drill", ("text",), phrases=("fire drill",), limit=3)).moments
    opened.close()
    assert [moment.source for moment in found] == ["hall"] * 3


def test_a_phrase_is_found_behind_many_that_share_its_words(
    tmp_path: Path, sentences: SentenceEncoder, pictures: PictureEncoder
) -> None:
    opened = open_store(EdgeFolder(tmp_path), _specs(sentences, pictures)).moments
    texts = [f"york is new {n}" for n in range(150)] + ["and the next day we flew to new york in the morning rain"]
    rows = sentences.encode_texts(texts)
    opened.upsert(
        [_moment("a", "speech", 60.0 * n, row, text) for n, (row, text) in enumerate(zip(rows, texts, strict=True))],
        T0_S,
    )
    [found] = (
        SearchService(opened, sentences, pictures).search(SearchRequest("new york", phrases=("new york",))).moments
    )
    opened.close()
    assert found.text == texts[-1]


def test_a_phrase_belongs_to_its_own_half(service: SearchService) -> None:
    headline = Wanted("under water", ("text",), phrases=("under water",))
    spoken = SearchRequest("homes", ("speech",), phrases=("the village",), meanwhile=(headline,))
    assert service.search(spoken).moments == ()
    [both] = service.search(
        SearchRequest("homes", ("speech",), phrases=("dozens of homes",), meanwhile=(headline,))
    ).moments
    assert both.start_s == T0_S + 121.0


def test_a_left_out_phrase_is_meant_word_for_word(service: SearchService) -> None:
    def texts(**more: Any) -> set[str]:
        found = service.search(SearchRequest("football celebration", ("speech",), **more)).moments
        return {each.text for moment in found for each in moment.evidence}

    assert TALK[2] in texts(excluded=("running whole",), excluded_phrases=("running whole",))
    assert TALK[2] not in texts(excluded=("running whole",))
    assert TALK[2] not in texts(excluded=("whole bench",), excluded_phrases=("whole bench",))


def test_a_phrase_of_pictures_alone_is_refused() -> None:
    with pytest.raises(BadQuery, match="pictures have no words"):
        SearchRequest("a cup", ("scene",), phrases=("a cup",))


def test_pages_follow_each_other(service: SearchService) -> None:
    words = " ".join(TALK)
    whole = service.search(SearchRequest(words, limit=4)).moments
    pages = [service.search(SearchRequest(words, limit=2, offset=offset)).moments for offset in (0, 2)]
    assert (*pages[0], *pages[1]) == whole


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"text": "  \n"}, "is empty"),
        ({"text": "x" * 2001}, "2001 characters"),
        ({"offset": 991}, "best 1000"),
        ({"offset": -1}, "best 1000"),
        ({"limit": 0}, "limit is 0"),
        ({"limit": 101}, "limit is 101"),
        ({"modalities": ()}, "no modality"),
        ({"modalities": ("smell",)}, "smell is not a modality"),
        ({"where": MomentFilter(since_s=2.0, until_s=1.0)}, "after until_s"),
        ({"where": MomentFilter(since_s=float("nan"))}, "since_s is nan"),
        ({"where": MomentFilter(valence=(0.5, 0.1))}, "valence goes from 0.5 to 0.1"),
        ({"where": MomentFilter(arousal=(float("nan"), 1.0))}, "arousal goes from nan"),
        ({"where": MomentFilter(arousal=(-1.0, 1.5))}, "-1 to 1"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(BadQuery, match=said):
        SearchRequest(**{"text": "a dog", **wrong})


def test_newest_refuses_what_search_refuses(service: SearchService) -> None:
    with pytest.raises(BadQuery, match="limit is 0"):
        service.newest(MomentFilter(), ("scene",), 0)


def test_the_bank_holds_128_different_queries(sentences: SentenceEncoder) -> None:
    assert len(bank_queries()) == len(set(bank_queries())) == 128
    vectors = QueryBank(sentences).vectors()
    assert vectors.shape == (128, sentences.info.vector_size)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_a_query_is_encoded_again_only_when_forgotten(sentences: SentenceEncoder) -> None:
    asked: list[str] = []

    class Counted:
        info = sentences.info

        def encode_texts(self, texts: Sequence[str]) -> Matrix:
            asked.extend(texts)
            return sentences.encode_texts(texts)

    vectors = QueryVectors(Counted(), capacity=2)
    first = vectors.of("one")
    assert first == vectors.of("one") == tuple(sentences.encode_texts(["one"])[0].tolist())
    for text in ("two", "one", "three", "one", "two"):
        vectors.of(text)
    assert asked == ["one", "two", "three", "two"]
