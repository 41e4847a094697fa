"""Makes the demo's sources from the samples, once: known pictures, known words, at known times.

No package holds a film with speech and a free licence, so "bookclub" is a film's pictures under a reading of a novel,
and "panel" a photograph under three people who take turns. "gallery" has no sound; "newswire" has only text. `spans`
says what is where, for whoever checks the answers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, repeat
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import OutputContainer
from PIL import Image, ImageFilter, ImageOps

from domain.events import Modality
from domain.ports import PCM_RATE_HZ, Pcm
from nowseen.newswire import EVERY_S, HEADLINES, to_webvtt
from nowseen.sample_speech import ANNOUNCER, BOOKCLUB, PANEL, Span, spoken
from nowseen.samples import FILM, PHOTOGRAPHS, SONNET, SPEECH, VOICE, Origin, Samples
from nowseen.sound_files import read_sound, to_int16, write_wav

_WIDTH, _HEIGHT = 1280, 720
_KEYFRAME_EVERY_S = 2
_X264 = {"preset": "ultrafast", "crf": "27", "threads": "2"}  # a fixed count: the output depends on it
_FILM_FPS = 25
_SLIDE_FPS = 10
_SLIDE_S = 5
_RECIPE = b"2"  # to be counted up with any change of what is made below


@dataclass(frozen=True, slots=True)
class SampleSource:
    name: str
    path: Path
    duration_s: float
    modalities: tuple[Modality, ...]
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class SampleVoice:
    """Somebody to be enrolled by name."""

    name: str
    path: Path
    consent: str


_PICTURES = {
    "coffee.png": "a cup of espresso",
    "chelsea.png": "a cat",
    "rocket.jpg": "a rocket launch",
    "astronaut.png": "an astronaut",
}


def make_sources(samples: Samples, cache: Path) -> tuple[list[SampleSource], list[str]]:
    """The sources that can be made of these samples, and a sentence for each that can't. Blocks for some seconds.

    Raises OSError when the cache can't be written.
    """
    sources, missing = [], []
    if _has(samples, SPEECH, FILM):
        spans, pcm = spoken(BOOKCLUB, samples.files)
        pictures = _looped(samples.files["bigbuckbunny.mp4"])
        path = _make("bookclub", samples, cache, _with_sound(pictures, _FILM_FPS, pcm))
        sources.append(SampleSource("bookclub", path, len(pcm) / PCM_RATE_HZ, ("scene", "speech"), spans))
    else:
        missing.append("without the film or the speech there is no bookclub")
    if _has(samples, SPEECH, SONNET, VOICE, PHOTOGRAPHS):
        spans, pcm = spoken(PANEL, samples.files)
        pictures = repeat(_still(samples.files["camera.png"]))
        path = _make("panel", samples, cache, _with_sound(pictures, _SLIDE_FPS, pcm))
        sources.append(SampleSource("panel", path, len(pcm) / PCM_RATE_HZ, ("scene", "speech"), spans))
    else:
        missing.append("without the photographs or one of the three voices there is no panel")
    if _has(samples, PHOTOGRAPHS):
        spans = tuple(Span(what, i * _SLIDE_S, (i + 1.0) * _SLIDE_S) for i, what in enumerate(_PICTURES.values()))
        path = _make("gallery", samples, cache, _gallery(samples))
        sources.append(SampleSource("gallery", path, spans[-1].end_s, ("scene",), spans))
    else:
        missing.append("without the photographs there is no gallery")
    sources.append(_newswire(cache))
    return sources, missing


def enrolment(samples: Samples, cache: Path) -> SampleVoice | None:
    """The announcer, by a recording that is in no source; None when it could not be had."""
    if not _has(samples, VOICE):
        return None
    path = cache / "samples" / "allison.wav"
    if not path.exists():
        half = path.with_suffix(".part.wav")
        write_wav(half, read_sound(samples.files["allison-demo-echotest.g722"]))
        half.replace(path)
    return SampleVoice(ANNOUNCER, path, "published by the speaker under CC BY-SA 3.0")


def _newswire(cache: Path) -> SampleSource:
    path = cache / "samples" / "newswire.vtt"
    if not path.exists() or path.read_text(encoding="utf-8") != to_webvtt():
        path.write_text(to_webvtt(), encoding="utf-8")
    spans = tuple(Span(text, i * EVERY_S, (i + 1.0) * EVERY_S) for i, text in enumerate(HEADLINES))
    return SampleSource("newswire", path, spans[-1].end_s, ("text",), spans)


def _has(samples: Samples, *origins: Origin) -> bool:
    return all(file.name in samples.files for origin in origins for file in origin.files)


def _make(name: str, samples: Samples, cache: Path, write: Callable[[OutputContainer], None]) -> Path:
    """The file from the cache, or made now. Its name holds what it was made from."""
    made_from = hashlib.sha256(_RECIPE)
    for origin in (SPEECH, SONNET, VOICE, FILM, PHOTOGRAPHS):
        for file in origin.files:
            made_from.update(file.sha256.encode() if file.name in samples.files else b"-")
    path = cache / "samples" / f"{name}-{made_from.hexdigest()[:12]}.mp4"
    if not path.exists():
        half = path.with_suffix(".part.mp4")
        with av.open(str(half), "w") as container:
            write(container)
        half.replace(path)
    return path


def _with_sound(pictures: Iterator[av.VideoFrame], fps: int, pcm: Pcm) -> Callable[[OutputContainer], None]:
    def write(out: OutputContainer) -> None:
        picture = _video_stream(out, fps)
        sound = out.add_stream("aac", rate=PCM_RATE_HZ, layout="mono")
        heard = _audio_frames(pcm)
        for number, frame in enumerate(islice(pictures, round(len(pcm) / PCM_RATE_HZ * fps))):
            # Side by side, as a camera writes them: a reader need not seek.
            while (audio := next(heard, None)) is not None:
                out.mux(sound.encode(audio))
                if (audio.time or 0.0) > number / fps:
                    break
            _show(out, picture, frame, Fraction(number, fps))
        out.mux(picture.encode(None))
        for audio in heard:
            out.mux(sound.encode(audio))
        out.mux(sound.encode(None))

    return write


def _gallery(samples: Samples) -> Callable[[OutputContainer], None]:
    def write(out: OutputContainer) -> None:
        picture = _video_stream(out, _SLIDE_FPS)
        for slide, name in enumerate(_PICTURES):
            frame = _still(samples.files[name])
            for number in range(_SLIDE_S * _SLIDE_FPS):
                _show(out, picture, frame, slide * _SLIDE_S + Fraction(number, _SLIDE_FPS))
        out.mux(picture.encode(None))

    return write


def _video_stream(out: OutputContainer, fps: int) -> Any:
    stream = out.add_stream("libx264", rate=fps, options=_X264)
    stream.width, stream.height, stream.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
    stream.gop_size = _KEYFRAME_EVERY_S * fps
    return stream


def _show(out: OutputContainer, stream: Any, frame: av.VideoFrame, at_s: Fraction) -> None:
    frame.time_base = Fraction(1, _FILM_FPS * _SLIDE_FPS)  # not the stream's: the container changes that one
    frame.pts = int(at_s / frame.time_base)
    frame.pict_type = av.video.frame.PictureType.NONE
    out.mux(stream.encode(frame))


def _looped(film: Path) -> Iterator[av.VideoFrame]:
    while True:
        with av.open(str(film)) as container:
            yield from container.decode(video=0)


def _still(photograph: Path) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(np.asarray(_framed(photograph)), format="rgb24")


def _audio_frames(pcm: Pcm) -> Iterator[av.AudioFrame]:
    samples = to_int16(pcm)
    step = 1024  # what an AAC packet holds
    for start in range(0, len(pcm), step):
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis, start : start + step], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = PCM_RATE_HZ, start, Fraction(1, PCM_RATE_HZ)
        yield frame


def _framed(photograph: Path) -> Image.Image:
    """The whole photograph, on a blurred copy of itself that fills the picture."""
    with Image.open(photograph) as opened:
        image = opened.convert("RGB")
    size = (_WIDTH, _HEIGHT)
    whole = ImageOps.contain(image, size, Image.Resampling.LANCZOS)
    canvas = ImageOps.fit(image, size).filter(ImageFilter.GaussianBlur(40))
    canvas.paste(whole, ((_WIDTH - whole.width) // 2, (_HEIGHT - whole.height) // 2))
    return canvas
