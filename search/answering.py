"""From a question and the moments found for it to a few sentences that cite them, or to the reason for none."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from domain.cited_answer import CitedAnswer, CitedSentence, QuotedMoment, messages_for, parse_reply
from domain.instants import format_instant
from domain.ports import ChatModel, ChatUnavailable
from domain.ranking import RankedMoment
from domain.reranking import text_of

_ALONE = "these are the moments alone"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WrittenAnswer:
    """`citations` are positions in the moments given, counted from 1. `note` says why there are no sentences."""

    sentences: tuple[CitedSentence, ...]
    dropped: int  # sentences of the model that cited no moment
    note: str | None
    model: str | None  # None when none was asked
    took_ms: float


class Answering:
    """For one event loop."""

    def __init__(self, chat: ChatModel | None, at_once: int = 4) -> None:
        self._chat = chat
        self._free = at_once

    async def answer(
        self, question: str, moments: Sequence[RankedMoment], label_of: Callable[[str], str | None]
    ) -> WrittenAnswer:
        """Never raises for a model that fails. `label_of` gives a speaker's name for an id.

        Raises ValueError for more moments than domain/cited_answer.py takes.
        """
        if self._chat is None:
            return _nothing(f"no language model is set (NOWSEEN_ANSWER_URL): {_ALONE}")
        if not moments:
            return _nothing("nothing was found, so there is nothing to answer from")
        if not self._free:
            return _nothing(f"the language model is busy with other questions: {_ALONE}")
        messages = messages_for(question, [_quoted(moment, label_of) for moment in moments])
        began_s = time.monotonic()
        self._free -= 1
        note, answer = None, CitedAnswer()
        try:
            answer = parse_reply(await self._chat.complete(messages), len(moments))
        except ChatUnavailable as error:
            _log.warning("no answer from the language model %s: %s", self._chat.name, error)
            note = f"no answer from the language model, {error}: {_ALONE}"
        finally:
            self._free += 1
        if note is None and not answer.sentences:
            note = f"the language model said nothing that rests on these moments: {_ALONE}"
        took_ms = (time.monotonic() - began_s) * 1000
        return WrittenAnswer(answer.sentences, answer.dropped, note, self._chat.name, took_ms)


def _nothing(note: str) -> WrittenAnswer:
    return WrittenAnswer((), 0, note, None, 0.0)


def _quoted(moment: RankedMoment, label_of: Callable[[str], str | None]) -> QuotedMoment:
    labels = dict.fromkeys(label_of(speaker) for speaker in moment.labels.speakers)
    return QuotedMoment(
        source=moment.source,
        time=format_instant(moment.start_s),
        kinds=tuple(dict.fromkeys(each.modality for each in moment.evidence)),
        speakers=tuple(label for label in labels if label is not None),
        text=text_of(moment),
    )
