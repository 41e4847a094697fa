"""Evidence from every modality, fused into the moments people are shown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from domain.events import Modality
from domain.ports import Labels

Why: TypeAlias = Literal["picture", "meaning", "words", "voice", "filter"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason to show a stretch of a source's time."""

    moment_id: str
    modality: Modality
    why: Why
    score: float  # calibrated, 0 to 1: comparable between all evidence
    raw_score: float  # the engine's: cosine, or BM25 for words
    start_s: float
    end_s: float
    text: str
    matched_words: tuple[str, ...]  # the query's words in the text, lower case, without accents
    encoder: str
    thumbnail_key: str | None
    source: str
    labels: Labels = field(default_factory=Labels)
    language: str = ""
    is_final: bool = True


@dataclass(frozen=True, slots=True)
class RankedMoment:
    """A stretch of one source's time, and all the evidence in it, best first."""

    source: str
    start_s: float
    end_s: float
    score: float  # 0 to 1
    evidence: tuple[Evidence, ...]
    text: str  # of the best evidence that has one
    thumbnail_key: str | None  # of the best evidence that has one
    labels: Labels  # of all the evidence, those of the best first, each once
    language: str  # of the text
    is_final: bool  # whether the text is


@dataclass(frozen=True, slots=True)
class FusionOptions:
    gap_s: float = 2.0  # evidence at most this far apart is of one moment
    longest_s: float = 30.0  # a moment grows no further, or a camera that never moves would be one endless moment


def fuse(evidence: Iterable[Evidence], options: FusionOptions | None = None) -> list[RankedMoment]:
    """Evidence of one source that overlaps or nearly so becomes one moment; best first, among equals the newest.

    The strongest evidence is placed first and the weaker gathers around it, so that a moment is cut around what
    matters and not where a weak neighbour happened to begin. A function of the set: the order given does not count.
    """
    options = options or FusionOptions()
    groups: dict[str, list[_Group]] = {}
    for each in sorted(set(evidence), key=_best_first):
        near = groups.setdefault(each.source, [])
        for group in near:
            if group.takes(each, options):
                group.add(each)
                break
        else:
            near.append(_Group(each))
    moments = [group.moment(source) for source, near in groups.items() for group in near]
    return sorted(moments, key=lambda moment: (-moment.score, -moment.start_s, moment.source, -moment.end_s))


def combine(evidence: Sequence[Evidence]) -> float:
    """Noisy-or over the best of each modality: independent witnesses support each other, one who repeats himself does
    not. Never less than the best score, and never less for more evidence."""
    best: dict[Modality, float] = {}
    for each in evidence:
        best[each.modality] = max(best.get(each.modality, 0.0), each.score)
    doubt = math.prod(1.0 - best[modality] for modality in sorted(best))
    # Against rounding: 1 - (1 - s) may be a hair below s.
    return min(1.0, max(1.0 - doubt, *best.values())) if best else 0.0


def best_of(evidence: Iterable[Evidence]) -> list[Evidence]:
    """Of what was found by several questions, any of which will do: each moment once for each reason, as the question
    that it answers best has it."""
    best: dict[tuple[str, Why], Evidence] = {}
    for each in sorted(evidence, key=_best_first):
        best.setdefault((each.moment_id, each.why), each)
    return list(best.values())


class _Group:
    def __init__(self, first: Evidence) -> None:
        self._members = [first]
        self._start_s, self._end_s = first.start_s, first.end_s

    def takes(self, each: Evidence, options: FusionOptions) -> bool:
        if each.start_s > self._end_s + options.gap_s or each.end_s < self._start_s - options.gap_s:
            return False
        length_s = max(self._end_s, each.end_s) - min(self._start_s, each.start_s)
        return length_s <= max(options.longest_s, self._end_s - self._start_s)

    def add(self, each: Evidence) -> None:
        self._members.append(each)
        self._start_s, self._end_s = min(self._start_s, each.start_s), max(self._end_s, each.end_s)

    def moment(self, source: str) -> RankedMoment:
        return ranked_moment(source, self._start_s, self._end_s, self._members, combine(self._members))


def ranked_moment(
    source: str, start_s: float, end_s: float, evidence: Iterable[Evidence], score: float
) -> RankedMoment:
    """At least one piece of evidence; it is put in order, best first."""
    members = tuple(sorted(evidence, key=_best_first))
    worded = next((each for each in members if each.text), members[0])
    return RankedMoment(
        source=source,
        start_s=start_s,
        end_s=end_s,
        score=score,
        evidence=members,
        text=worded.text,
        thumbnail_key=next((each.thumbnail_key for each in members if each.thumbnail_key is not None), None),
        labels=Labels(
            tuple(dict.fromkeys(speaker for each in members for speaker in each.labels.speakers)),
            tuple(dict.fromkeys(mood for each in members for mood in each.labels.moods)),
        ),
        language=worded.language,
        is_final=worded.is_final,
    )


def _best_first(each: Evidence) -> tuple[float, float, str, str, str, float, float]:
    return -each.score, -each.start_s, each.source, each.moment_id, each.why, each.end_s, each.raw_score
