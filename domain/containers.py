"""The media containers a chunk may come in: content type, file ending and libav's demuxer.

The demuxer is fixed by the content type and never guessed from the bytes: libav's guess would open a playlist found in
a hostile chunk and follow its addresses.
"""

from __future__ import annotations

from dataclasses import dataclass

from domain.errors import BadEvent


@dataclass(frozen=True, slots=True)
class Container:
    content_types: tuple[str, ...]  # the first is the one we write
    extension: str
    demuxer: str


CONTAINERS: tuple[Container, ...] = (
    Container(("video/mp2t", "audio/mp2t"), "ts", "mpegts"),
    Container(("video/x-matroska", "audio/x-matroska", "video/webm", "audio/webm"), "mkv", "matroska"),
    Container(("video/mp4", "audio/mp4"), "mp4", "mp4"),
    Container(("audio/wav", "audio/x-wav", "audio/vnd.wave"), "wav", "wav"),
    Container(("audio/ogg", "video/ogg"), "ogg", "ogg"),
    Container(("audio/mpeg",), "mp3", "mp3"),
    Container(("audio/aac",), "aac", "aac"),
    Container(("audio/flac",), "flac", "flac"),
)


def container_of(content_type: str) -> Container:
    """Raises BadEvent, listing what is read, for a content type that is none of them."""
    bare = content_type.partition(";")[0].strip().lower()
    for container in CONTAINERS:
        if bare in container.content_types:
            return container
    allowed = ", ".join(sorted(name for container in CONTAINERS for name in container.content_types))
    raise BadEvent(f"content-type {content_type[:80]!r} is not a media container this version reads: {allowed}")


def container_of_extension(extension: str) -> Container:
    """The container of an archived file. Raises BadEvent for an ending that is none of them."""
    for container in CONTAINERS:
        if container.extension == extension:
            return container
    raise BadEvent(f"the ending {extension[:20]!r} is not one of the media archive's")
