"""Questions that follow from answers: the next page, and what is new. State machines that are told answers; no I/O."""

from __future__ import annotations

from collections import OrderedDict

from domain.errors import BadRequest
from nowseen.client.answers import Answer
from nowseen.client.errors import NodeDown
from nowseen.client.moments import Moment
from nowseen.client.narrowing import Likes, Narrowed
from nowseen.client.questions import DEEPEST, MOST_MOMENTS, Question, Search

_LATEST = "10m"
_REMEMBERED = 100_000  # ids: days of moments of many sources
_LONGEST_WAIT_S = 15.0


class Pages:
    """`question` is None once an answer was not full, or the node's deepest page was given.

    The index grows between two pages and pushes moments onto the next one: those are left out there.
    """

    def __init__(self, asked: Search, limit: int) -> None:
        """Raises BadRequest."""
        if not 1 <= limit <= MOST_MOMENTS:
            raise BadRequest(f"limit is {limit}; a page holds from 1 to {MOST_MOMENTS} moments")
        self._asked = asked
        self._limit = limit
        self._given: set[str] = set()
        self._offset = 0
        self.question: Question[Answer] | None = asked.page(0, limit)

    def take(self, answer: Answer) -> Answer:
        """The answer, without what stood on an earlier page."""
        is_full = len(answer.moments) == self._limit
        self._offset += len(answer.moments)
        self._limit = min(self._limit, DEEPEST - self._offset)
        self.question = self._asked.page(self._offset, self._limit) if is_full and self._limit > 0 else None
        fresh = tuple(moment for moment in answer.moments if not self._given.issuperset(moment.ids))
        self._given.update(*(moment.ids for moment in fresh))
        return answer.model_copy(update={"moments": fresh})


class Watch:
    """Asks the same again and again: `question`, then `take` or `fail`, then a wait of `wait_s`."""

    def __init__(
        self,
        query: str,
        like: Likes,
        unlike: Likes,
        where: Narrowed,
        *,
        every_s: float,
        patience_s: float,
        with_earlier: bool,
    ) -> None:
        """Raises BadRequest, TypeError."""
        if not every_s > 0:
            raise BadRequest(f"every_s is {every_s}; it is how many seconds to wait before asking again")
        if where.get("since") is None:
            where = {**where, "since": _LATEST}
        self._asked = Search.of(query, like, unlike, where)
        self._every_s, self._patience_s = every_s, patience_s
        self._pages, self.question = self._first_page()
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._gives = with_earlier
        self._waited_s = 0.0  # since the node went down
        self.wait_s = 0.0

    def take(self, answer: Answer) -> list[Moment]:
        """What is new in it, the earliest first."""
        new = [fresh for moment in answer.moments if (fresh := self._unseen(moment)) is not None]
        while len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        given = sorted(new, key=lambda moment: moment.start_s) if self._gives else []
        self._turn_page(answer)
        return given

    def fail(self, error: NodeDown) -> None:
        """Raises it when the node has been down for longer than the patience lasts."""
        if self._waited_s >= self._patience_s:
            raise error
        self.wait_s = max(self._every_s, min(_LONGEST_WAIT_S, self._waited_s))
        self._waited_s += self.wait_s

    def _turn_page(self, answer: Answer) -> None:
        self._waited_s = self.wait_s = 0.0
        self._pages.take(answer)
        if self._pages.question is not None:
            self.question = self._pages.question
            return
        self._pages, self.question = self._first_page()
        self._gives = True
        self.wait_s = self._every_s

    def _first_page(self) -> tuple[Pages, Question[Answer]]:
        return Pages(self._asked, MOST_MOMENTS), self._asked.page(0, MOST_MOMENTS)

    def _unseen(self, moment: Moment) -> Moment | None:
        new = [each for each in moment.evidence if each.moment_id not in self._seen]
        for id in moment.ids:
            self._seen[id] = None
            self._seen.move_to_end(id)
        return moment.cut_to(new) if new else None
