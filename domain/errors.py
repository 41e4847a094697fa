"""Whose fault it is decides what happens next.

`BadEvent`: the publisher sent something that can never be indexed. It goes to dead-letters and the rest flows on.
`ConfigError`: our own file, setting or installation is wrong. The process says so and does not start.
`BadRequest`: a person asked for what can't be done. They are told why; nothing has changed.
Anything else (a broker or a store that is down, a full disk) is nobody's fault: it is retried and not acknowledged.
"""

from __future__ import annotations

from collections.abc import Sequence


class BadEvent(Exception):  # noqa: N818  (an event can be bad without being an error of ours)
    """The publisher's data can't be used. The message says what is wrong and what the publisher should send."""


class ConfigError(Exception):
    """Our side is set up wrongly. Holds every mistake found, so that one run shows them all."""

    def __init__(self, mistakes: str | Sequence[str]) -> None:
        self.mistakes: tuple[str, ...] = (mistakes,) if isinstance(mistakes, str) else tuple(mistakes)
        super().__init__("\n".join(self.mistakes))


class BadRequest(ValueError):  # noqa: N818  (as above)
    """Who asked can't have that: no such thing, or not like this. The message says why and what would do."""
