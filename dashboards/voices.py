"""What the page says of the voices in a moment: who, how, and what speaks for it. Pure, plain text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dashboards.answers import Mood, Speaker
from dashboards.times import duration

LANGUAGES = {
    "ar": "Arabic", "de": "German", "en": "English", "es": "Spanish", "fr": "French", "hi": "Hindi", "it": "Italian",
    "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "pl": "Polish", "pt": "Portuguese", "ru": "Russian",
    "tr": "Turkish", "uk": "Ukrainian", "zh": "Chinese",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cue:
    """One thing that speaks for a mood, and how much of it."""

    words: str
    percent: int


@dataclass(frozen=True, slots=True)
class MoodLine:
    words: str
    cues: tuple[Cue, ...]


def mood_lines(moods: Iterable[Mood]) -> tuple[MoodLine, ...]:
    """One line for each mood, of several alike the surest; that it is not known is said where nothing else is."""
    surest: dict[str, Mood] = {}
    for mood in moods:
        if mood.label not in surest or mood.confidence > surest[mood.label].confidence:
            surest[mood.label] = mood
    unknown = surest.pop("unknown", None)
    if unknown is not None and not surest:
        return (MoodLine("mood unknown", ()),)
    return tuple(
        MoodLine(
            f"{mood.label}, {_percent(mood.confidence)} % sure",
            tuple(Cue(f"{cue.kind}: {cue.what}", _percent(cue.share)) for cue in mood.evidence),
        )
        for mood in sorted(surest.values(), key=lambda mood: -mood.confidence)
    )


def language_name(code: str) -> str:
    return LANGUAGES.get(code, code)


def how_much(speaker: Speaker) -> str:
    count = f"{speaker.utterances:,} utterance{'' if speaker.utterances == 1 else 's'}"
    spoken = duration(speaker.spoken_s)
    return ", ".join(part for part in (count, spoken, "enrolled" if speaker.is_enrolled else "") if part)


def others(speakers: Sequence[Speaker], id: str) -> list[Speaker]:
    return [speaker for speaker in speakers if speaker.id != id]


def _percent(part: float) -> int:
    # `not >=` also turns a NaN away.
    return 0 if not part >= 0 else round(100 * min(part, 1.0))
