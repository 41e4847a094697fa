"""Real speech with its exact words, in one piece: what transcripts are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from domain.ports import Pcm
from nowseen.sample_speech import ANNOUNCER, BOOKCLUB, PANEL, Turn, spoken

_SONNET = """
from fairest creatures we desire increase that thereby beauty's rose might never die but as the riper should by time
decease his tender heir might bear his memory but thou contracted to thine own bright eyes feed'st thy light's flame
with self substantial fuel making a famine where abundance lies thy self thy foe to thy sweet self too cruel thou that
art now the world's fresh ornament and only herald to the gaudy spring within thine own bud buriest thy content and
tender churl mak'st waste in niggarding pity the world or else this glutton be to eat the world's due by the grave and
thee
"""
_ANNOUNCED = {
    "demo-nogo": "i am afraid i was unable to create a connection to the digium demonstration asterisk server you may "
    "find some helpful debugging information on the asterisk console",
    "tt-allbusy": "all representatives of the household are currently assisting other telemarketers please hold and "
    "your call will be answered in the order it was received",
    "vm-newuser": "welcome to comedian mail first i will guide you through a short setup process",
    "vm-invalid-password": "that password does not meet the minimum requirements for this mailbox please try again",
    "demo-abouttotry": "i am about to attempt an inter asterisk exchange connection to a demonstration server located "
    "at digium in order for this to work you must already be connected to the internet please wait a moment while i "
    "attempt to make the connection",
    "demo-echotest": "you are about to enter an echo test in this mode everything you say will be repeated back to you "
    "just as soon as it is received the purpose of this test is to give you an audible sense of the latency between "
    "you and the machine that is running the echo test application you may end the test by hanging up or by pressing "
    "the pound key",
}  # the package's own script, with what is said differently in the recording
READINGS = (
    *BOOKCLUB,
    Turn("reader of the sonnet", "sonnet.mp3", " ".join(_SONNET.split()), (2.6, 53.3)),
    *(turn for turn in PANEL if turn.speaker == ANNOUNCER),
    *(Turn(ANNOUNCER, f"allison-{clip}.g722", text) for clip, text in _ANNOUNCED.items()),
)


def readings(files: Mapping[str, Path]) -> tuple[str, Pcm]:
    """The words, and the sound with pauses between the recordings."""
    spans, pcm = spoken(READINGS, files)
    return " ".join(span.what for span in spans), pcm
