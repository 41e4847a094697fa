"""`nowseen evaluate speakers`: how well voices are told apart, on any folder of recordings, one folder a speaker."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from domain.errors import ConfigError
from domain.evaluation import cluster_purity, equal_error_rate
from domain.ports import PCM_RATE_HZ, Pcm, VoiceActivity, VoiceEncoder
from domain.speaker_book import SpeakerBook
from domain.voice_changes import mean_voice
from nowseen.labelled_sound import joined, labelled_folder, utterances_of
from nowseen.voice_clips import voice_windows


@dataclass(frozen=True, slots=True)
class SpeakersEvaluated:
    encoder: str
    at_least_s: float  # shorter utterances were left out
    joined: bool  # whether pieces of one speaker were put together to be that long
    speakers: int
    utterances: int
    spoken_s: float
    same_pairs: int
    different_pairs: int
    equal_error_rate: float
    threshold: float  # cosine
    clusters: int
    purity: float  # of the utterances that got a speaker
    inverse_purity: float
    nobody: int  # utterances that were too uncertain to get one
    too_short: int
    skipped: tuple[str, ...]  # files that could not be read, with the reason


def evaluate_speakers(
    folder: Path,
    voices: VoiceEncoder,
    voice_activity: Callable[[], VoiceActivity],
    *,
    at_least_s: float = 2.0,
    join: bool = False,
) -> SpeakersEvaluated:
    """Every pair of utterances is compared, and all of them are heard in one fixed random order.

    Raises ConfigError when there are fewer than two speakers, or no speaker with two utterances.
    """
    found = labelled_folder(folder)
    pieces: defaultdict[str, list[Pcm]] = defaultdict(list)
    for label, _, sound in found.sounds():
        pieces[label] += utterances_of(sound, voice_activity)
    least = round(at_least_s * PCM_RATE_HZ)
    cut = [(label, pcm) for label, heard in pieces.items() for pcm in (joined(heard, least) if join else heard)]
    long = [(label, pcm) for label, pcm in cut if len(pcm) >= least]
    labels = [label for label, _ in long]
    if len(set(labels)) < 2 or len(set(labels)) == len(labels):
        raise ConfigError(_too_few(folder, labels, at_least_s, len(cut) - len(long), found.skipped))
    vectors = np.stack([np.asarray(mean_voice(voice_windows(pcm, voices))) for _, pcm in long])
    same, different = _pairs(labels, vectors)
    error = equal_error_rate(same, different)
    clusters = _clusters(vectors, [len(pcm) / PCM_RATE_HZ for _, pcm in long])
    sure = [(label, cluster) for label, cluster in zip(labels, clusters, strict=True) if cluster is not None]
    truth, heard_as = [label for label, _ in sure], [cluster for _, cluster in sure]
    return SpeakersEvaluated(
        encoder=voices.info.name,
        at_least_s=at_least_s,
        joined=join,
        speakers=len(set(labels)),
        utterances=len(labels),
        spoken_s=round(sum(len(pcm) for _, pcm in long) / PCM_RATE_HZ, 1),
        same_pairs=len(same),
        different_pairs=len(different),
        equal_error_rate=error.rate,
        threshold=error.threshold,
        clusters=len(set(heard_as)),
        purity=cluster_purity(truth, heard_as) if sure else 0.0,
        inverse_purity=cluster_purity(heard_as, truth) if sure else 0.0,
        nobody=len(labels) - len(sure),
        too_short=len(cut) - len(long),
        skipped=tuple(found.skipped),
    )


def _pairs(
    labels: Sequence[str], vectors: np.ndarray[tuple[int, int], np.dtype[np.float64]]
) -> tuple[list[float], list[float]]:
    scores = vectors @ vectors.T
    one, other = np.triu_indices(len(labels), k=1)
    names = np.asarray(labels)
    alike = names[one] == names[other]
    pairs = scores[one, other]
    return pairs[alike].tolist(), pairs[~alike].tolist()


def _clusters(
    vectors: np.ndarray[tuple[int, int], np.dtype[np.float64]], lengths_s: Sequence[float]
) -> list[str | None]:
    book = SpeakerBook()
    result: list[str | None] = [None] * len(vectors)
    at_s = 0.0
    for i in np.random.default_rng(0).permutation(len(vectors)):
        speaker = book.hear(str(i), tuple(vectors[i].tolist()), lengths_s[i], at_s, "evaluation", {})
        at_s += lengths_s[i]
        result[i] = speaker.id if speaker else None
    return result


def _too_few(
    folder: Path, labels: Sequence[str], at_least_s: float, too_short: int, skipped: Sequence[str]
) -> list[str]:
    who = f"{len(labels)} utterances of {len(set(labels))} speakers"
    return [
        f"{folder} holds {who} that are {at_least_s:g} s or longer ({too_short} are shorter): two speakers are needed, "
        "and two utterances of one of them. Give more, or a lower --seconds, or --join",
        *skipped,
    ]
