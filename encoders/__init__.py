"""Arrays and strings in, vectors and words out. `load` is the door: nobody outside knows the classes behind it."""

from encoders.catalogue import listing
from encoders.loading import load, voice_activity
from encoders.options import EncoderOptions, Role

__all__ = ["EncoderOptions", "Role", "listing", "load", "voice_activity"]
