"""The two ways of getting no answer. They differ in whether asking again may help."""

from __future__ import annotations

from dataclasses import dataclass


class NodeError(Exception):
    """There is no answer: one of the two below. The message says why, in a sentence for people."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status  # of HTTP; None when nothing came back


class NodeDown(NodeError):  # noqa: N818  (a state that passes, not a mistake)
    """Unreachable, too slow, failing, or no Nowseen node. Asking again may help."""


@dataclass(frozen=True, slots=True)
class Place:
    """`query[start:end]` is what is meant."""

    start: int
    end: int


class NodeRefused(NodeError):  # noqa: N818  (as above)
    """The node understood, and says what is wrong with the question. Asking it again gives the same answer."""

    def __init__(self, message: str, status: int | None = None, at: Place | None = None) -> None:
        super().__init__(message, status)
        self.at = at  # where the mistake stands in the query, when that is where it is
