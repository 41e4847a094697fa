"""What the demo asks, what it should be told, and whether it was. Pure: the answers are arguments."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nowseen.sample_media import SampleSource
from nowseen.sample_speech import ANNOUNCER, Span

SLACK_S = 1.0  # a scene is looked at once a second; an utterance may begin a little before its first word


@dataclass(frozen=True, slots=True)
class Question:
    query: str
    kind: str  # how the answer can be found, for people
    source: str | None = None  # None: there is no honest answer
    what: str = ""  # of the Span where the answer lies; empty: any in which the speaker is heard
    speaker: str | None = None  # only moments in which this one is heard
    valence_max: float | None = None  # only moments at most so pleasant
    needs: str | None = None  # a speaker whom the query itself names

    @property
    def asked(self) -> str:
        """As the arguments of `nowseen search`."""
        speaker = f" --speaker {self.speaker}" if self.speaker else ""
        quote = "'" if '"' in self.query else '"'
        return (
            f"{quote}{self.query}{quote}"
            + speaker
            + ("" if self.valence_max is None else f" --valence=:{self.valence_max:g}")
        )

    @property
    def parameters(self) -> dict[str, str]:
        """As those of the API's search."""
        mood = {} if self.valence_max is None else {"valence_max": f"{self.valence_max:g}"}
        return {"q": self.query, **({"speaker": self.speaker} if self.speaker else {}), **mood}


QUESTIONS = (
    Question("an espresso cup", "what is seen", "gallery", "a cup of espresso"),
    Question("a cat", "what is seen", "gallery", "a cat"),
    Question("a rocket", "what is seen", "gallery", "a rocket launch"),
    Question(
        "cold hearted and rather selfish",
        "words as they were said",
        "bookclub",
        "unless to be rather cold hearted and rather selfish is to be ill disposed",
    ),
    Question(
        "rather selfish",
        "words as they were said, unpleasant ones",
        "bookclub",
        "unless to be rather cold hearted and rather selfish is to be ill disposed",
        valence_max=-0.2,
    ),
    Question(
        "if his wife had been kinder, people would have thought better of him",
        "what was meant",
        "bookclub",
        "had he married a more amiable woman he might have been made still more respectable than he was",
    ),
    Question(
        "boat trips called off in the storm",
        "what was written",
        "newswire",
        "The night ferry to the islands is cancelled because of high waves.",
    ),
    Question("how to repair a diesel submarine", "nothing"),
    Question('"rather selfish" -"cold hearted"', "nothing: what must not be there was said"),
    Question(
        "nobody at the desk",
        "what was meant, by this voice",
        "panel",
        "the person you are calling is not at their desk i will try to locate them for you",
        ANNOUNCER,
    ),
    Question("a camera on a tripod", "what is seen while this voice speaks", "panel", speaker=ANNOUNCER),
    Question(
        f"kind:scene a camera on a tripod while speaker:{ANNOUNCER} desk",
        "what is seen while this voice says it",
        "panel",
        "the person you are calling is not at their desk i will try to locate them for you",
        needs=ANNOUNCER,
    ),
    Question("cold hearted and rather selfish", "nothing: another voice said it", speaker=ANNOUNCER),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    question: Question
    expected: str
    got: str
    is_right: bool


def askable(sources: Sequence[SampleSource], speakers: Collection[str] = ()) -> list[Question]:
    """The questions whose source is there, and whose speaker is known by name."""
    names = {source.name for source in sources}
    return [
        question
        for question in QUESTIONS
        if (question.source is None or question.source in names)
        and {who for who in (question.speaker, question.needs) if who is not None} <= set(speakers)
    ]


def judge(
    question: Question, answer: Mapping[str, Any], sources: Sequence[SampleSource], starts_s: Mapping[str, float]
) -> Verdict:
    """Whether the best moment of a search's answer is from the right source and the right time.

    `starts_s` is each source's first event time (Unix seconds).
    """
    moments = answer.get("moments", [])
    if "error" in answer:
        return Verdict(question, "an answer", answer["error"], False)
    got = _describe(moments[0], starts_s) if moments else "nothing"
    if question.source is None:
        return Verdict(question, "nothing", got, not moments)
    spans = _spans(sources, question)
    expected = f"{question.source} " + " or ".join(f"{span.start_s:.1f}-{span.end_s:.1f} s" for span in spans)
    if not moments or moments[0]["source"] != question.source:
        return Verdict(question, expected, got, False)
    start_s = starts_s[question.source]
    middle_s = (moments[0]["start_s"] + moments[0]["end_s"]) / 2 - start_s
    is_right = any(span.start_s - SLACK_S <= middle_s <= span.end_s + SLACK_S for span in spans)
    return Verdict(question, expected, got, is_right)


def _spans(sources: Sequence[SampleSource], question: Question) -> list[Span]:
    return [
        span
        for source in sources
        if source.name == question.source
        for span in source.spans
        if (span.what == question.what if question.what else span.speaker == question.speaker)
    ]


def _describe(moment: Mapping[str, Any], starts_s: Mapping[str, float]) -> str:
    start_s = starts_s.get(moment["source"], moment["start_s"])
    where = f"{moment['source']} {moment['start_s'] - start_s:.1f}-{moment['end_s'] - start_s:.1f} s"
    why = "".join(f", {evidence['why']} {evidence['score']:.2f}" for evidence in moment["evidence"][:1])
    return f"{where}{why}" + (f": {moment['text']}" if moment["text"] else "")
