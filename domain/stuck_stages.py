"""A stage (agent) that can't go on: at which record, since when, doing what, and what it was told last."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass

from domain.errors import BadEvent

_LONGEST = 500  # characters of an error: whoever looks needs its beginning


@dataclass(frozen=True, slots=True)
class StuckStage:
    """Times are Unix seconds. Without a place, it waits for no record of its own."""

    stage: str
    doing: str  # "sending to moments"
    since_s: float
    told_s: float  # when this was so
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None
    source: str | None = None
    error: str = ""  # the last one; empty when it got none and has only not come back

    @property
    def key(self) -> str:
        """Of what is one wait, however often it is told."""
        return f"{self.stage}|{self.topic or ''}|{'' if self.partition is None else self.partition}"

    def sentence(self) -> str:
        at = "" if self.topic is None else f", at {self.topic}[{self.partition}]@{self.offset}"
        of = "" if self.source is None else f" of source {self.source}"
        why = f": {self.error}" if self.error else ", without an answer"
        return f"{self.stage} has been stuck for {self.told_s - self.since_s:.0f} s{at}{of}, {self.doing}{why}"


def write_stuck(stuck: StuckStage) -> bytes:
    return json.dumps(dataclasses.asdict(dataclasses.replace(stuck, error=stuck.error[:_LONGEST]))).encode()


def read_stuck(value: bytes) -> StuckStage:
    """Raises BadEvent for what `write_stuck` did not write."""
    try:
        fields = json.loads(value)
        return StuckStage(
            stage=str(fields["stage"]),
            doing=str(fields["doing"]),
            since_s=float(fields["since_s"]),
            told_s=float(fields["told_s"]),
            topic=None if fields["topic"] is None else str(fields["topic"]),
            partition=None if fields["partition"] is None else int(fields["partition"]),
            offset=None if fields["offset"] is None else int(fields["offset"]),
            source=None if fields["source"] is None else str(fields["source"]),
            error=str(fields["error"]),
        )
    except (ValueError, TypeError, KeyError) as error:
        raise BadEvent(f"not what a stage says that is stuck: {error}") from error
