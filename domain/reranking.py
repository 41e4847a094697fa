"""What a closer look at the best moments changes: their scores, and so their order.

Two looks are possible. A re-ranker reads the query and a moment's words together; its numbers compare within one call
only, so what counts is how far a text stands above or below the others of that call. A finer picture score is
calibrated like every other score (domain/calibration.py), and may take its place.

Both keep what the scores promise: 0 to 1, best first, and nothing looked at falls behind what was not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from domain.ranking import Evidence, RankedMoment, combine

_CLEAREST = 3.0  # standard scores: beyond it a text is no better, or one freak number would decide


@dataclass(frozen=True, slots=True)
class BlendOptions:
    """Chosen, not measured: no cross-encoder comes as a package, so there was none to measure with."""

    words_weight: float = 1.0  # log-odds that a text gains for each standard deviation above the others
    picture_weight: float = 0.5  # part of the finer look in a picture's score: 0 ignores it, 1 believes it alone


def text_of(moment: RankedMoment) -> str:
    """All that was said or written in it and found, each text once, in the order of time."""
    in_order = sorted(moment.evidence, key=lambda each: (each.start_s, each.end_s))
    return "\n".join(dict.fromkeys(each.text for each in in_order if each.text)) or moment.text


def picture_of(moment: RankedMoment) -> Evidence | None:
    """The best scene in it."""
    return next((each for each in moment.evidence if each.why == "picture"), None)


def blend(
    moments: Sequence[RankedMoment],
    pictures: Mapping[int, float],
    words: Mapping[int, float],
    floor: float = 0.0,
    options: BlendOptions | None = None,
) -> list[RankedMoment]:
    """The moments with their new scores, best first; those that tie stay in the order given.

    `pictures` holds finer scores, 0 to 1, and `words` a re-ranker's numbers, by position in `moments`; who is in
    neither keeps its score. A finer picture score goes into its scene's evidence, and the moment's score moves as
    `combine` of the evidence does. Then the words multiply the odds of the moment's score, so that 0 and 1 stay what
    they are: of two moments at 1 the one with the better words comes first all the same. No score falls below `floor`,
    the best of the moments that were not looked at, unless it was there before.
    """
    options = options or BlendOptions()
    gains = {at: options.words_weight * each for at, each in _standard(words).items()}
    judged: list[tuple[float, int, RankedMoment]] = []
    for at, moment in enumerate(moments):
        seen = _seen_again(moment, pictures[at], options.picture_weight) if at in pictures else moment
        gain = gains.get(at, 0.0)
        score = max(_with_odds(seen.score, gain), min(moment.score, floor))
        judged.append((-gain, at, replace(seen, score=score)))
    judged.sort(key=lambda each: (-each[2].score, each[0], each[1]))
    return [moment for _, _, moment in judged]


def _standard(numbers: Mapping[int, float]) -> dict[int, float]:
    """Standard scores; 0 for all when they don't differ."""
    largest = max((abs(number) for number in numbers.values()), default=0.0)
    if largest == 0.0:
        return dict.fromkeys(numbers, 0.0)
    scaled = {at: number / largest for at, number in numbers.items()}  # or squares of large numbers are infinite
    mean = math.fsum(scaled.values()) / len(scaled)
    deviation = math.sqrt(math.fsum((number - mean) ** 2 for number in scaled.values()) / len(scaled))
    if deviation < 1e-9:  # rounding
        return dict.fromkeys(numbers, 0.0)
    return {at: max(-_CLEAREST, min(_CLEAREST, (number - mean) / deviation)) for at, number in scaled.items()}


def _with_odds(score: float, gain: float) -> float:
    if gain == 0.0:
        return score
    better = score * math.exp(gain)
    return better / (better + (1.0 - score))  # in this order: 1 stays 1


def _seen_again(moment: RankedMoment, finer: float, weight: float) -> RankedMoment:
    scene = picture_of(moment)
    if scene is None:
        return moment
    blended = replace(scene, score=scene.score + weight * (finer - scene.score))
    evidence = [blended if each is scene else each for each in moment.evidence]
    evidence.sort(key=lambda each: -each.score)
    moved = moment.score + combine(evidence) - combine(moment.evidence)
    return replace(moment, evidence=tuple(evidence), score=max(0.0, min(1.0, moved)))
