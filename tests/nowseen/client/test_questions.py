"""What is sent is what was asked for, whoever asks; and the node and its client know the same words."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.events import MODALITIES
from domain.instants import parse_instant
from domain.mood import MOOD_LABELS
from nowseen.client import AsyncNowseen, BadRequest, Nowseen, answers, moments, questions
from nowseen.client.connection import request_of
from nowseen.client.narrowing import Narrowed
from nowseen.client.questions import Search
from search import api_answers, api_forgetting, api_models, api_speakers, request
from search.api_filters import scope

NAMES = st.text(min_size=1, max_size=20)
INSTANTS = st.one_of(
    st.floats(0, 253_402_300_799),
    st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),
    st.sampled_from(["10m", "2026-01-31T12:00:00+02:00", "yesterday"]),
)
BOUNDS = st.tuples(st.none() | st.floats(-1, 1), st.none() | st.floats(-1, 1))


def some(each: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """None, one, or several: a list, or what can be gone through only once."""
    many = st.lists(each, max_size=3)
    return st.none() | each | many | many.map(iter)


WHERE: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "sources": some(NAMES), "kinds": some(st.sampled_from(MODALITIES)), "speakers": some(NAMES),
        "moods": some(st.sampled_from(MOOD_LABELS)), "languages": some(NAMES), "valence": st.none() | BOUNDS,
        "arousal": st.none() | BOUNDS, "since": st.none() | INSTANTS, "until": st.none() | INSTANTS,
        "final": st.booleans(),
    },
)  # fmt: skip
NAMED = {"source": "sources", "kind": "kinds", "speaker": "speakers", "mood": "moods", "language": "languages"}


def listed(values: Any) -> list[str]:
    return [values] if isinstance(values, str) else list(values or ())


@given(st.text(max_size=50), WHERE, st.booleans())
def test_what_is_sent_reads_as_what_was_asked(query: str, where: dict[str, Any], weak: bool) -> None:
    wanted = {parameter: listed(where.get(name)) for parameter, name in NAMED.items()}
    for parameter, name in NAMED.items():
        if name in where and not isinstance(where[name], str | None):
            where[name] = iter(wanted[parameter])
    question = Search.of(query, (), (), Narrowed(**where), weak).page(20, 7)  # type: ignore[typeddict-item]
    sent = parse_qs(httpx.Request(**request_of(question) | {"url": "http://node/search"}).url.query.decode())

    assert (sent.pop("limit"), sent.pop("offset"), sent.pop("q", [""])) == (["7"], ["20"], [query])
    assert {parameter: sent.pop(parameter, []) for parameter in NAMED} == wanted
    for name in ("valence", "arousal"):
        low, high = where.get(name) or (None, None)
        sent_bounds = [float(bound) for end in ("min", "max") for bound in sent.pop(f"{name}_{end}", [])]
        assert sent_bounds == [bound for bound in (low, high) if bound is not None]
    for name in ("since", "until"):
        assert at_s(sent.pop(name, [None])[0]) == at_s(where.get(name))
    assert sent.pop("final", ["false"]) == [str(where.get("final", False)).lower()]
    assert sent.pop("weak", ["false"]) == [str(weak).lower()]
    assert sent == {}


def at_s(instant: float | datetime | str | None) -> float | None:
    if instant is None:
        return None
    return parse_instant(str(instant.timestamp() if isinstance(instant, datetime) else instant), 1e9)


def test_the_client_can_say_all_the_node_understands() -> None:
    where: Any = {"sources": "a", "kinds": "text", "speakers": "b", "moods": "sad", "languages": "en",
                  "valence": (0, 1), "arousal": (0, 1), "since": 1, "until": 2, "final": True}  # fmt: skip
    assert where.keys() == Narrowed.__annotations__.keys()
    sent = {name for name, _ in Search.of("", (), (), where).params}
    assert sent == set(inspect.signature(scope).parameters)
    asked = json.loads(questions.answer("?", limit=3, **where).body or b"")
    assert asked.keys() == api_answers.AnswerRequestModel.model_fields.keys()
    assert api_answers.AnswerRequestModel(**asked).scope() == scope(
        source=["a"], kind=["text"], since="1.0", until="2.0", speaker=["b"], mood=["sad"], language=["en"],
        valence_min=0, valence_max=1, arousal_min=0, arousal_max=1, final=True,
    )  # fmt: skip
    assert (questions.MOST_MOMENTS, questions.DEEPEST) == (request.MOST_MOMENTS, request.DEEPEST)


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (api_models.MomentModel, moments.Moment), (api_models.EvidenceModel, moments.Evidence),
        (api_models.HeardModel, moments.Heard), (api_models.MoodModel, moments.Mood),
        (api_models.ShareModel, moments.Share), (api_models.SearchModel, answers.Answer),
        (api_models.ClauseModel, answers.Clause), (api_models.FiltersModel, answers.Filters),
        (api_models.WordingModel, answers.Wording),
        (api_answers.AnswerModel, answers.CitedAnswer), (api_answers.SentenceModel, answers.Sentence),
        (api_models.SourceModel, answers.Source), (api_models.WatermarkModel, answers.Watermark),
        (api_models.EncoderModel, answers.Encoder), (api_models.HealthModel, answers.Health),
        (api_models.PartModel, answers.Part), (api_models.StuckModel, answers.Stuck),
        (api_speakers.SpeakerModel, answers.Speaker),
        (api_forgetting.ForgottenModel, answers.Forgotten),
        (api_forgetting.RuleOfSpeakerModel, answers.RuleOfSpeaker),
    ],
)  # fmt: skip
def test_all_that_the_node_tells_is_in_the_answer(told: Any, kept: Any) -> None:
    # `time` is `start` in other words.
    assert told.model_fields.keys() - {"time"} == kept.model_fields.keys()


def public(face: type) -> dict[str, Callable[..., Any]]:
    methods = inspect.getmembers(face, inspect.isfunction)
    return {name: method for name, method in methods if not name.startswith("_")}


def test_both_faces_ask_the_same() -> None:
    def arguments(face: type) -> dict[str, list[inspect.Parameter]]:
        return {name: list(inspect.signature(method).parameters.values()) for name, method in public(face).items()}

    assert arguments(Nowseen) == arguments(AsyncNowseen)
    assert all(method.__doc__ for name, method in public(Nowseen).items() if name != "close")


@pytest.mark.parametrize("who", ["", " ", ".", "..", "a/b", "/", "../search"])
def test_a_name_that_would_be_another_address_is_never_sent(who: str) -> None:
    for ask in (questions.forget, questions.split):
        with pytest.raises(BadRequest, match="give the id"):
            ask(who)
    with pytest.raises(BadRequest, match="give the id"):
        questions.rename(who, "Bea")
    with pytest.raises(BadRequest, match="give the id"):
        questions.merge(who, "Bea")
