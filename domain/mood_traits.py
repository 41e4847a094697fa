"""What a measured trait of a voice says of a mood: its deviation from how this speaker usually sounds.

Raised pitch, level, tempo and high frequencies go with arousal in every study; of valence a voice tells little, most of
it by its timbre and its melody (Juslin and Laukka, "Communication of emotions in vocal expression and music
performance", Psychological Bulletin 129, 2003, table 7; Goudbeek and Scherer, "Beyond arousal", JASA 128, 2010). So
level, pitch, tempo and pauses say nothing of valence here: who speaks softly is not sad, who speaks loudly not angry.

Of 175 utterances of the eight even readers below, by voice alone after each one's first five, 162 are neutral, 9 tense
and 4 calm; the last eight of each made 20 dB softer: 25 neutral, 30 calm, 4 unknown, 1 sad. How often a mood is right
is not known: there was no labelled speech to measure it on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from domain.speakers import Trait

ENOUGH_UTTERANCES = 5
CLIP = 2.5  # standard deviations: further out is a mistake in measuring more often than a mood
_WITHOUT_BASELINE = 0.2
_MEMORY_UTTERANCES = 100
_PRIOR_UTTERANCES = 4


@dataclass(frozen=True, slots=True)
class Meaning:
    """How people's voices are, and what more of the trait says. Weights are relative to a strong word's, which is 1."""

    name: str  # for people
    more: str
    less: str
    usual: float  # over all people and rooms
    spread: float  # standard deviation over all people and rooms
    within: float  # standard deviation between utterances of one person
    arousal_weight: float
    arousal_sign: int = 1
    valence_weight: float = 0.0
    valence_sign: int = 1


# The usual is the mean of eight people who read evenly, in five languages, 25 utterances each (encoders' "prosody");
# spreads and what is within one person are larger than theirs (3, 23, 0.6, 0.9, 2.7, 0.08 and 1.3, 9, 0.5, 0.6, 1.8,
# 0.06): people who talk vary more than people who read. One of the eight was a man, so pitch is set between.
MEANINGS: Mapping[str, Meaning] = {
    "level_db": Meaning("level", "louder than", "softer than", -23, 8, 2.5, 0.3),
    "pitch_hz": Meaning("pitch", "above", "below", 165, 50, 15, 0.25),
    "pitch_sd_semitones": Meaning("melody", "livelier than", "flatter than", 3.5, 1.2, 0.7, 0.2, valence_weight=0.03),
    "syllables_per_s": Meaning("tempo", "faster than", "slower than", 5, 1.2, 0.8, 0.15),
    "hf_to_lf_db": Meaning("timbre", "sharper than", "softer than", -12, 5, 2.5, 0.2, 1, 0.05, -1),
    "pause_share": Meaning("pauses", "longer than", "shorter than", 0.2, 0.15, 0.1, 0.1, -1),
}


@dataclass(frozen=True, slots=True)
class Deviation:
    """A measured trait in standard deviations, at most CLIP of them, and how much to trust it, 0 to 1."""

    meaning: Meaning
    standard: float
    trust: float
    what: str  # for people


def deviation(what: str, measured: float, traits: Mapping[str, Trait]) -> Deviation | None:
    """From this speaker's usual when enough utterances are behind it, else, with little trust, from most people's.
    None for a trait that means nothing here."""
    meaning = MEANINGS.get(what)
    if meaning is None:
        return None
    trait = traits.get(what)
    if trait is not None and trait.count >= ENOUGH_UTTERANCES:
        # Few utterances may happen to be alike: until there are more, people's usual spread counts too.
        variance = trait.count * trait.deviation**2 + _PRIOR_UTTERANCES * meaning.within**2
        spread, usual = (variance / (trait.count + _PRIOR_UTTERANCES)) ** 0.5, trait.mean
        trust, whose = trait.count / (trait.count + _PRIOR_UTTERANCES), "this speaker's usual"
    else:
        spread, usual, trust, whose = meaning.spread, meaning.usual, _WITHOUT_BASELINE, "most people's"
    standard = max(-CLIP, min(CLIP, (measured - usual) / spread))
    if abs(standard) < 0.5:
        return Deviation(meaning, standard, trust, f"{meaning.name} near {whose}")
    return Deviation(
        meaning, standard, trust, f"{meaning.name} {meaning.more if standard > 0 else meaning.less} {whose}"
    )


def updated(trait: Trait | None, measured: float) -> Trait:
    """Running mean and deviation (Welford, Technometrics 4, 1962), forgetting slowly once the memory is full: people
    change rooms and microphones."""
    if trait is None:
        return Trait(measured, 0.0, 1)
    count = min(trait.count + 1, _MEMORY_UTTERANCES)
    step = measured - trait.mean
    mean = trait.mean + step / count
    variance = trait.deviation**2 + (step * (measured - mean) - trait.deviation**2) / count
    return Trait(mean, max(0.0, variance) ** 0.5, count)
