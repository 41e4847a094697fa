"""From media somebody hands in to search with, to vectors or words of the models that made the stored ones."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from functools import cached_property
from threading import Lock

import numpy as np

from domain.errors import BadRequest
from domain.events import Vector
from domain.ports import PCM_RATE_HZ, Image, PictureEncoder, SpeechEncoder
from streams.decode import KEPT_SIDE
from streams.recordings import TOO_MANY_PIXELS, check_pixels, decode_clip, decode_recording

LONGEST_CLIP_S = 60.0
LONGEST_SPEECH_S = 30.0  # whisper's window
CLIP_FRAMES_PER_S = 1.0
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")  # Pillow knows more, of which some run other programs


class ExampleReader:
    """A `search.api_parts.ExampleMedia`. Every method raises BadRequest for media that can't be read; blocks.

    The speech model is loaded when it is first needed: a search node does without it otherwise.
    """

    def __init__(
        self, pictures: PictureEncoder, voice_of: Callable[[bytes], Vector], load_speech: Callable[[], SpeechEncoder]
    ) -> None:
        self._pictures = pictures
        self._voice_of = voice_of
        self._load_speech = load_speech
        self._loading = Lock()

    def picture(self, media: bytes) -> Vector:
        [vector] = self._pictures.encode_images([_read_picture(media)])
        return tuple(vector.tolist())

    def clip(self, media: bytes) -> Vector:
        """The mean of its frames."""
        mean = self._pictures.encode_images(decode_clip(media, CLIP_FRAMES_PER_S, LONGEST_CLIP_S)).mean(axis=0)
        return tuple((mean / max(float(np.linalg.norm(mean)), 1e-9)).tolist())

    def voice(self, media: bytes) -> Vector:
        return self._voice_of(media)

    def speech(self, media: bytes) -> str:
        """What is said in it."""
        sound = decode_recording(media, LONGEST_SPEECH_S)[: round(LONGEST_SPEECH_S * PCM_RATE_HZ)]
        [transcript] = self._speech.transcribe([sound])
        if not transcript.text.strip():
            raise BadRequest("no words are heard in the recording")
        return transcript.text

    @cached_property
    def _speech(self) -> SpeechEncoder:
        with self._loading:
            return self._load_speech()


def _read_picture(media: bytes) -> Image:
    from PIL import Image as Pillow
    from PIL import ImageOps

    try:
        with warnings.catch_warnings():
            # Pillow warns of a bomb before we have looked at its size.
            warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
            picture = Pillow.open(io.BytesIO(media), formats=_FORMATS)
            check_pixels(*picture.size)
            picture.draft("RGB", (2 * KEPT_SIDE, 2 * KEPT_SIDE))  # a JPEG is decoded as small as will do
            upright = ImageOps.exif_transpose(picture).convert("RGB")
    except BadRequest:
        raise
    except Pillow.DecompressionBombError as error:
        raise BadRequest(TOO_MANY_PIXELS) from error
    except Exception as error:  # OSError, SyntaxError, ValueError, struct.error: whatever damaged files bring about
        raise BadRequest(f"the picture can't be read; send one as {', '.join(_FORMATS)}") from error
    upright.thumbnail((KEPT_SIDE, KEPT_SIDE))
    return np.asarray(upright, dtype=np.uint8)
