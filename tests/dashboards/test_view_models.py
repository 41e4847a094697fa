"""What the page says, for given answers, time and zone."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from dashboards.answers import Encoder, Evidence, Moment, SourceStatus, Watermark
from dashboards.excerpts import Part
from dashboards.view_models import (
    Clip,
    card,
    cards,
    clip,
    found_in,
    freshness,
    media_url,
    no_match,
    other_warnings,
    stand_ins,
)  # fmt: skip
from domain.events import Modality

NODE = "http://127.0.0.1:8600"
NOON_S = datetime(2026, 3, 1, 12, 0, tzinfo=UTC).timestamp()
BERLIN = ZoneInfo("Europe/Berlin")


def evidence(
    modality: Modality, why: str | None, score: float | None, *, text: str = "", words: tuple[str, ...] = ()
) -> Evidence:
    return Evidence(modality=modality, why=why, score=score, start_s=0, end_s=1, text=text, matched_words=words)


def test_a_short_text_is_its_own_excerpt() -> None:
    made = card(Moment(source="a", start_s=0, end_s=1, text="short"), UTC, NOON_S, NODE)
    assert made.excerpt == (Part("short"),)
    assert made.whole_text == ()


def test_a_long_text_can_be_read_whole() -> None:
    long = "word " * 200
    made = card(Moment(source="a", start_s=0, end_s=1, text=long), UTC, NOON_S, NODE)
    assert made.excerpt[-1].text == " …"
    assert "".join(part.text for part in made.whole_text) == long


def test_a_text_that_ends_in_dots_is_whole_all_the_same() -> None:
    piece = evidence("text", "words", 1, words=("seven",))
    made = card(Moment(source="a", start_s=0, end_s=1, text="seven …", evidence=(piece,)), UTC, NOON_S, NODE)
    assert made.excerpt == (Part("seven", True), Part(" …"))
    assert made.whole_text == ()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/media/a.jpg", f"{NODE}/media/a.jpg"),
        ("http://other:1/a.jpg", "http://other:1/a.jpg"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("file:///etc/passwd", None),
        ("http://[", None),
        ("", None),
        (None, None),
    ],
)
def test_only_web_addresses_reach_the_page(url: str | None, expected: str | None) -> None:
    assert media_url(NODE, url) == expected


@pytest.mark.parametrize(
    ("fragment", "start_s"),
    [("#t=4.25", 4.25), ("#t=3,9", 3.0), ("", 0.0), ("#t=x", 0.0), ("#t=-1", 0.0), ("#t=nan", 0.0), ("#t=inf", 0.0)],
)
def test_a_clip_starts_where_its_fragment_says(fragment: str, start_s: float) -> None:
    assert clip(NODE, f"/clip?source=a&start_s=1{fragment}") == Clip(f"{NODE}/clip?source=a&start_s=1", start_s)


def test_a_card_says_why_it_matched_best_reason_first() -> None:
    moment = Moment(
        source="lobby", start_s=NOON_S, end_s=NOON_S + 4, score=0.934, text="platform seven",
        evidence=(
            evidence("scene", "picture", 0.7), evidence("scene", "picture", 0.82), evidence("scene", "picture", 0.5),
            evidence("speech", "words", 0.91, words=("seven",)), evidence("speech", "meaning", math.nan),
        ),
    )  # fmt: skip
    made = card(moment, BERLIN, NOON_S, NODE)
    assert [(reason.label, reason.percent) for reason in made.reasons] == [
        ("words spoken", 91),
        ("picture", 82),
        ("meaning of speech", None),
    ]
    assert made.percent == 93
    assert made.kinds == ("pictures", "speech")
    assert Part("seven", True) in made.excerpt


def test_one_reason_needs_no_sum() -> None:
    moment = Moment(source="a", start_s=0, end_s=1, score=0.8, evidence=(evidence("scene", "picture", 0.8),))
    assert card(moment, UTC, NOON_S, NODE).percent is None


def test_a_voice_is_a_reason_and_a_filter_is_none() -> None:
    heard = card(Moment(source="a", start_s=0, end_s=1, evidence=(evidence("speech", "voice", 0.8),)), UTC, 0, NODE)
    assert [reason.label for reason in heard.reasons] == ["voice"]
    passed = card(Moment(source="a", start_s=0, end_s=1, evidence=(evidence("speech", "filter", 1),)), UTC, 0, NODE)
    assert (passed.reasons, passed.percent, passed.kinds) == ((), None, ("speech",))


def test_more_can_be_asked_for_like_the_best_evidence() -> None:
    pieces = tuple(evidence("scene", "picture", 0.7).model_copy(update={"moment_id": id}) for id in ("best", "other"))
    assert card(Moment(source="a", start_s=0, end_s=1, evidence=pieces), UTC, 0, NODE).moment_id == "best"
    assert card(Moment(source="a", start_s=0, end_s=1), UTC, 0, NODE).moment_id == ""


def test_a_moment_nobody_asked_for_says_its_kind() -> None:
    made = card(Moment(source="a", start_s=0, end_s=1, modalities=("text",)), UTC, NOON_S, NODE)
    assert (made.kinds, made.reasons, made.clip) == (("text",), (), None)


def test_the_same_moment_is_one_card_and_another_one_another() -> None:
    first = Moment(source="a", start_s=1, end_s=2, text="x")
    other = first.model_copy(update={"start_s": 1.5})
    made = cards([first, first, other], UTC, NOON_S, NODE)
    assert len(made) == 2
    assert made[0].key == card(first, BERLIN, NOON_S + 9, NODE).key


@pytest.mark.parametrize(
    ("behind_s", "words", "level"),
    [
        (-0.3, "0 s behind", "live"),
        (2, "2 s behind", "live"),
        (34, "34 s behind, slow", "slow"),
        (3600, "up to 12:00:00", "old"),
    ],
)
def test_freshness_in_words(behind_s: float, words: str, level: str) -> None:
    marks: dict[Modality, Watermark] = {"scene": Watermark(until_s=NOON_S - 3600, stored_s=NOON_S, behind_s=behind_s)}
    (made,) = freshness(SourceStatus(source="lobby", watermarks=marks), BERLIN, NOON_S)
    assert (made.kind, made.words, made.level) == ("pictures", words, level)


def test_no_match_says_up_to_when_that_is_true() -> None:
    complete: dict[str, dict[Modality, float]] = {
        "lobby": {"scene": NOON_S, "speech": NOON_S - 3},
        "door": {"scene": NOON_S},
        "chat": {"text": NOON_S},
    }
    assert no_match(complete, ["lobby", "door"], [], BERLIN, NOON_S) == (
        "No match in door up to 13:00:00; later is not indexed yet.",
        "No match in lobby: pictures up to 13:00:00, speech up to 12:59:57; later is not indexed yet.",
    )
    assert no_match(complete, [], ["text"], BERLIN, NOON_S) == (
        "No match in chat up to 13:00:00; later is not indexed yet.",
    )
    assert no_match({}, [], [], BERLIN, NOON_S) == ()


def test_stand_ins_are_named_and_said_once() -> None:
    real = Encoder(role="speech", name="tiny.en")
    stand_in = Encoder(role="pictures", name="concepts", stand_in_for="CLIP", warning="No people.")
    assert stand_ins([real, stand_in]) == ("Pictures: concepts stands in for CLIP. No people.",)
    said = "pictures: concepts stands in for CLIP: No people."
    assert other_warnings([said, "nothing is indexed of source 'x'"], [real, stand_in]) == (
        "nothing is indexed of source 'x'",
    )


def test_the_count_and_its_time() -> None:
    assert found_in({"encode": 20.4, "store": 3.3}, 1) == "1 moment in 24 ms"
    assert found_in({"encode": 20.4, "total": 30}, 2) == "2 moments in 30 ms"
    assert found_in({}, 0) == "0 moments"
    assert found_in({"encode": 0.2, "store": 0.3}, 3) == "3 moments in less than 1 ms"
    assert found_in({"remembered": 0.01}, 3) == "3 moments, remembered: nothing has arrived since this was last asked"
