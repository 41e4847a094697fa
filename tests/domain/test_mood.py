"""A mood follows from its evidence, says which, and is unknown without any."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.events import CUE_KINDS, MoodCue
from domain.mood import MOOD_LABELS, UNKNOWN, judge, label_of, learn
from domain.mood_traits import ENOUGH_UTTERANCES, MEANINGS
from domain.speakers import Trait

USUAL = {
    "level_db": Trait(-24.0, 3.0, 40),
    "pitch_hz": Trait(190.0, 18.0, 40),
    "pitch_sd_semitones": Trait(3.0, 0.8, 40),
    "syllables_per_s": Trait(4.2, 0.7, 40),
    "hf_to_lf_db": Trait(-10.0, 2.5, 40),
    "pause_share": Trait(0.25, 0.1, 40),
}
AXIS = st.none() | st.floats(-1, 1)
SAID = st.builds(MoodCue, st.sampled_from(CUE_KINDS), st.text(max_size=8), AXIS, AXIS)
MEASURED = st.builds(
    lambda what, measured: MoodCue("voice", what, measured=measured),
    st.sampled_from([*MEANINGS, "shoe_size"]),
    st.floats(-1e4, 1e4),
)
CUES = st.lists(SAID | MEASURED, max_size=12)
BASELINES = st.dictionaries(
    st.sampled_from(list(MEANINGS)), st.builds(Trait, st.floats(-1e4, 1e4), st.floats(0, 1e3), st.integers(1, 100))
)


def voice(**deviations: float) -> list[MoodCue]:
    """Traits of this speaker, so many of the usual deviations from the usual."""
    return [
        MoodCue("voice", what, measured=trait.mean + deviations.get(what, 0.0) * trait.deviation)
        for what, trait in USUAL.items()
    ]


def word(what: str, valence: float) -> MoodCue:
    return MoodCue("words", what, valence)


@given(CUES, BASELINES)
def test_values_are_within_bounds_and_shares_add_up(cues: list[MoodCue], traits: dict[str, Trait]) -> None:
    mood = judge(cues, traits)

    assert mood.label in MOOD_LABELS
    assert -1 <= mood.valence <= 1
    assert -1 <= mood.arousal <= 1
    assert 0 <= mood.confidence <= 1
    if mood.label == "unknown":
        assert mood == UNKNOWN
    else:
        shares = [share.share for share in mood.evidence]
        assert sum(shares) == pytest.approx(1)
        assert shares == sorted(shares, reverse=True)
        assert all(-1 <= value <= 1 for share in mood.evidence for value in (share.valence, share.arousal))
        assert label_of(mood.valence, mood.arousal) == mood.label


@given(BASELINES)
def test_no_evidence_is_unknown_not_neutral(traits: dict[str, Trait]) -> None:
    assert judge([], traits) == UNKNOWN
    assert judge([MoodCue("voice", "shoe_size", measured=43.0)], traits) == UNKNOWN


def test_neutral_takes_evidence_near_the_middle() -> None:
    neutral = judge(voice(), USUAL)

    assert neutral.label == "neutral"
    assert neutral.confidence > 0.3
    assert judge(voice(), {}).label == "unknown"  # of somebody never heard before, a middling voice says nothing
    assert judge([MoodCue("words", "model", 0.0, 0.0)], {}).label == "neutral"


@given(CUES, st.floats(-100, 20), st.floats(-100, 20), BASELINES)
def test_level_alone_does_not_move_valence(
    cues: list[MoodCue], one_db: float, other_db: float, traits: dict[str, Trait]
) -> None:
    rest = [cue for cue in cues if cue.what != "level_db"] + [word("fine", 0.9)]
    moods = [judge([*rest, MoodCue("voice", "level_db", measured=db)], traits) for db in (one_db, other_db)]

    if "unknown" not in {mood.label for mood in moods}:
        assert moods[0].valence == moods[1].valence


def test_quiet_is_not_sad() -> None:
    assert judge(voice(level_db=-2.5), USUAL).label in ("neutral", "calm")
    quiet = judge(voice(level_db=-2.5, syllables_per_s=-2, pause_share=2, pitch_hz=-2), USUAL)
    assert quiet.label == "calm"
    assert quiet.valence == 0


def test_a_raised_voice_is_tense_and_with_bad_words_angry_and_with_good_ones_happy() -> None:
    raised = voice(level_db=2.5, pitch_hz=2.5, hf_to_lf_db=2, syllables_per_s=1, pitch_sd_semitones=1)
    bad, good = [word("hate", -0.7), word("stupid", -0.6)], [word("won", 0.7), word("happy", 0.7)]

    assert judge(raised, USUAL).label == "tense"
    assert judge([*raised, *bad], USUAL).label == "angry"
    assert judge([*raised, *good], USUAL).label == "happy"


def test_sad_words_in_a_low_voice_are_sad() -> None:
    low = voice(level_db=-1.5, pitch_hz=-1.5, syllables_per_s=-1.5)

    assert judge([*low, word("died", -0.7), word("miss", -0.4)], USUAL).label == "sad"


def test_a_voice_is_measured_against_its_own_usual() -> None:
    high = MoodCue("voice", "pitch_hz", measured=230.0)
    rest = [cue for cue in voice() if cue.what != "pitch_hz"]
    shrill = USUAL | {"pitch_hz": Trait(230.0, 18.0, 40)}

    of_this_one = judge([high, *rest], USUAL)

    assert of_this_one.arousal > judge([high, *rest], shrill).arousal
    assert of_this_one.evidence[0].what == "pitch above this speaker's usual"
    assert of_this_one.evidence[0].share > 0.9


def test_somebody_new_is_measured_against_most_people_and_counts_little() -> None:
    few = {what: Trait(trait.mean, trait.deviation, ENOUGH_UTTERANCES - 1) for what, trait in USUAL.items()}
    raised = [*voice(level_db=2.5, pitch_hz=2.5, syllables_per_s=2.5), MoodCue("picture", "a crowd", 0.1, 0.5)]

    new, known = judge(raised, few), judge(raised, USUAL)

    assert any("most people's" in share.what for share in new.evidence)
    assert abs(new.arousal) < abs(known.arousal)
    assert new.confidence < known.confidence


def test_each_cue_has_its_share() -> None:
    mood = judge([word("great", 0.8), word("nice", 0.4), MoodCue("picture", "people laughing", 0.8, 0.5)], {})

    assert [share.what for share in mood.evidence] == ["great", "people laughing", "nice"]
    assert {share.kind for share in mood.evidence} == {"words", "picture"}


@pytest.mark.parametrize(
    ("text", "cues", "traits"),
    [
        ("great, just great", [word("great", 0.78), word("great", 0.78)], {}),
        ("yeah right", [word("yeah", 0.3)], {}),
        ("Oh, wonderful.", [word("wonderful", 0.68)], {}),
        ("", [word("absolutely wonderful", 0.75)], {}),
        ("good work", [word("good", 0.48), *voice(pitch_sd_semitones=-2)], USUAL),
        ("good work", [word("good", 0.48), *voice(hf_to_lf_db=2.5)], USUAL),
    ],
)
def test_words_that_may_not_be_meant_have_low_confidence(
    text: str, cues: list[MoodCue], traits: dict[str, Trait]
) -> None:
    assert judge(cues, traits, text).confidence < 0.3


def test_plain_words_have_not() -> None:
    assert judge([word("good", 0.48), word("happy", 0.68)], {}, "good to see you so happy").confidence > 0.4
    assert judge([word("good", 0.48), *voice(pitch_sd_semitones=1)], USUAL, "good work").confidence > 0.4


def test_cues_that_disagree_have_less_confidence() -> None:
    same = judge([word("good", 0.7), word("nice", 0.7)], {})

    assert judge([word("good", 0.7), word("awful", -0.7)], {}).confidence < same.confidence / 2


@given(st.lists(st.floats(50, 400), min_size=1, max_size=60))
def test_the_usual_is_the_mean_and_deviation(pitches_hz: list[float]) -> None:
    traits: dict[str, Trait] = {}
    for pitch_hz in pitches_hz:
        traits = learn(traits, [MoodCue("voice", "pitch_hz", measured=pitch_hz)])

    trait = traits["pitch_hz"]
    mean = sum(pitches_hz) / len(pitches_hz)
    assert trait.count == len(pitches_hz)
    assert trait.mean == pytest.approx(mean)
    assert trait.deviation == pytest.approx(
        math.sqrt(sum((each - mean) ** 2 for each in pitches_hz) / len(pitches_hz)), abs=1e-3
    )


def test_the_usual_follows_a_new_room() -> None:
    traits: dict[str, Trait] = {}
    for level_db in [-40.0] * 300 + [-20.0] * 300:
        traits = learn(traits, [MoodCue("voice", "level_db", measured=level_db), word("good", 0.5)])

    assert set(traits) == {"level_db"}
    assert traits["level_db"].mean > -22


@pytest.mark.parametrize(
    ("degrees", "label"),
    [(8, "happy"), (49, "happy"), (93, "tense"), (138, "angry"), (189, "sad"), (208, "sad"), (272, "calm"),
     (316, "calm"), (353, "happy")],
)  # fmt: skip
def test_labels_lie_where_russell_found_their_words(degrees: float, label: str) -> None:
    assert label_of(0.8 * math.cos(math.radians(degrees)), 0.8 * math.sin(math.radians(degrees))) == label
    assert label_of(0.1 * math.cos(math.radians(degrees)), 0.1 * math.sin(math.radians(degrees))) == "neutral"


def test_of_a_voice_alone_a_raised_one_is_tense_with_less_confidence_than_with_words() -> None:
    raised = voice(level_db=2.5, pitch_hz=2.5, hf_to_lf_db=2)

    alone = judge(raised, USUAL)

    assert alone.label == "tense"
    assert 0.3 < alone.confidence < judge([*raised, word("afraid", -0.5)], USUAL).confidence
