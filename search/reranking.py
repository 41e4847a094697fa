"""The best moments looked at once more, for as long as there is time: by their words and by their pictures.

The fast order stands when a closer look is missing, late, busy with another question or broken; the report says which,
so that nobody takes the one for the other.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from domain.events import Vector
from domain.ports import EncoderInfo, WordReranker
from domain.ranking import RankedMoment
from domain.reranking import BlendOptions, blend, text_of
from search.finer_pictures import FinerPictures
from search.one_at_a_time import Job, OneAtATime

RerankStage: TypeAlias = Literal["words", "pictures"]
RerankState: TypeAlias = Literal["absent", "done", "in part", "late", "busy", "failed"]
_Scores: TypeAlias = Mapping[int, float]  # what a stage says of the moments at these positions

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RerankOptions:
    top_k: int = 20  # moments looked at again; the rest stay behind them
    budget_ms: float = 300.0  # for all of it
    blend: BlendOptions = field(default_factory=BlendOptions)


@dataclass(frozen=True, slots=True)
class RerankReport:
    """What one stage did. `took_ms` is how long the search waited for it."""

    stage: RerankStage
    state: RerankState  # "in part": there was time for some, and those count
    model: str | None
    considered: int  # moments that it had a say in
    took_ms: float

    @property
    def sentence(self) -> str:
        """For people, such as "words: late after 300 ms"."""
        match self.state:
            case "done":
                return f"{self.stage}: {self.considered} looked at again in {self.took_ms:.0f} ms"
            case "in part":
                return f"{self.stage}: only {self.considered} looked at again in {self.took_ms:.0f} ms"
            case "late":
                return f"{self.stage}: late after {self.took_ms:.0f} ms"
            case _:
                return f"{self.stage}: {self.state}"


class Reranking:
    """Thread-safe. Each stage runs one piece of work at a time, however many ask and however late it is."""

    def __init__(
        self,
        words: WordReranker | None = None,
        finer: FinerPictures | None = None,
        options: RerankOptions | None = None,
    ) -> None:
        self._words, self._finer = words, finer
        self._options = options or RerankOptions()
        self._reading = _Stage("words", words.info if words is not None else None)
        self._looking = _Stage("pictures", finer.info if finer is not None else None)

    def apply(
        self, query_text: str, picture_query: Vector | None, moments: Sequence[RankedMoment]
    ) -> tuple[tuple[RankedMoment, ...], tuple[RerankReport, RerankReport]]:
        """The moments, best first, and what the stages "words" and "pictures" did. Blocks for the budget at most.

        `picture_query` is the picture encoder's vector of the query, unit length; None when pictures were not asked
        for. How the scores blend: domain/reranking.py.
        """
        began_s = time.monotonic()
        until_s = began_s + self._options.budget_ms / 1000
        top, rest = moments[: self._options.top_k], moments[self._options.top_k :]
        # Both are begun before either is waited for.
        reading = self._reading.begin(self._read(query_text, top), until_s)
        looking = self._looking.begin(self._look(picture_query, top), until_s)
        words, words_report = self._reading.finish(reading, began_s, until_s)
        pictures, pictures_report = self._looking.finish(looking, began_s, until_s)
        floor = max((moment.score for moment in rest), default=0.0)
        better = blend(top, pictures, words, floor, self._options.blend)
        return (*better, *rest), (words_report, pictures_report)

    def _read(self, query: str, moments: Sequence[RankedMoment]) -> Iterator[_Scores]:
        """All at once: what a re-ranker says of some compares with what it says of the others."""
        texts = {at: text for at, moment in enumerate(moments) if (text := text_of(moment))}
        if texts and self._words is not None:
            yield dict(zip(texts, self._words.rerank(query, list(texts.values())).tolist(), strict=True))

    def _look(self, query: Vector | None, moments: Sequence[RankedMoment]) -> Iterator[_Scores]:
        if query is not None and self._finer is not None:
            for at, score in self._finer.look(query, moments):
                yield {at: score}


class _Stage:
    def __init__(self, name: RerankStage, model: EncoderInfo | None) -> None:
        self._name = name
        self._model = model.name if model is not None else None
        self._lane = OneAtATime[_Scores](f"rerank-{name}")
        self._is_failing = False

    def begin(self, work: Iterator[_Scores], until_s: float) -> Job[_Scores] | None:
        return self._lane.begin(work, until_s) if self._model is not None else None

    def finish(self, job: Job[_Scores] | None, began_s: float, until_s: float) -> tuple[dict[int, float], RerankReport]:
        scores: dict[int, float] = {}
        state: RerankState = "absent" if self._model is None else "busy"
        ended_s = time.monotonic()
        if job is not None:
            outcome = job.outcome(until_s)
            ended_s = outcome.ended_s
            state = outcome.state
            if outcome.state == "failed":
                self._failed(outcome.error)
            else:
                self._is_failing = self._is_failing and outcome.state != "done"
                scores = {at: score for each in outcome.items for at, score in each.items()}
                state = "in part" if scores and outcome.state == "late" else outcome.state
        return scores, RerankReport(self._name, state, self._model, len(scores), (ended_s - began_s) * 1000)

    def _failed(self, error: Exception | None) -> None:
        """Logged once, until it works again: a broken model would fill the log, one search after the other."""
        if not self._is_failing:
            _log.warning("re-ranking by %s failed, the fast order stands: %s", self._name, error, exc_info=error)
        self._is_failing = True
