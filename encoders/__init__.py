"""Arrays and strings in, vectors, words and cues out. `load` is the door: nobody outside knows what is behind it."""

from encoders.catalogue import listing
from encoders.loading import load, picture_moods, voice_activity
from encoders.options import EncoderOptions, Role

__all__ = ["EncoderOptions", "Role", "listing", "load", "picture_moods", "voice_activity"]
