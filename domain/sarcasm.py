"""Words that often mean the opposite. No lexicon hears sarcasm, so where it is likely a mood is said with less
confidence; nothing is turned around.

Signs after Joshi, Bhattacharyya and Carman, "Automatic Sarcasm Detection: A Survey" (ACM Computing Surveys 50, 2017):
set phrases, praise laid on thickly, praise repeated, and praise in a voice that does not share it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from domain.events import MoodCue

_PHRASES = re.compile(
    r"\b(yeah,? right|yeah,? sure|just (great|perfect|wonderful|brilliant|lovely|fantastic|what i needed)"
    r"|oh,? (great|perfect|wonderful|brilliant|lovely|joy|fantastic)|how (lovely|nice|wonderful|original)"
    r"|thanks a lot|good for you|big surprise|as if)\b"
)
_BOOSTERS = re.compile(r"\b(absolutely|totally|completely|utterly|simply|incredibly|insanely|soo+)\b")
_PRAISE = 0.3  # valence


def sarcasm_likely(text: str, cues: Sequence[MoodCue], voice_valence: float, voice_is_flat: bool) -> bool:
    """From the text, the words in it that carry a mood, and the voice: what its timbre and melody say, -1 to 1 (0 when
    unknown), and whether its melody is flatter than this speaker's usual."""
    praise = [cue.what.casefold() for cue in cues if cue.kind == "words" and (cue.valence or 0.0) >= _PRAISE]
    said = " ".join([text.casefold(), *praise])
    return bool(_PHRASES.search(said)) or (
        bool(praise)
        and (
            len(set(praise)) < len(praise) or bool(_BOOSTERS.search(said)) or voice_is_flat or voice_valence <= -_PRAISE
        )
    )
