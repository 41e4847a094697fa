"""One MP4 from a source's archived chunks, pictures and sound on one timeline."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream

from domain.ports import ArchivedChunk, MediaArchive
from search.clip_chunks import MediaPacket, ReadChunk, read_chunks
from search.clip_copy import can_copy_audio, can_copy_video, copy_audio, copy_video
from search.clip_transcode import add_aac, add_h264, transcode_audio, transcode_video


class NothingPlayable(Exception):  # noqa: N818  (an answer, not a fault)
    """The chunks are there, but none of them can be decoded."""


def write_clip(
    path: Path, archive: MediaArchive, video: Sequence[ArchivedChunk], audio: Sequence[ArchivedChunk], origin_s: float
) -> None:
    """Writes the chunks as an MP4 whose time 0 is `origin_s` (Unix seconds), its index in front, for any browser.

    Damaged chunks are left out. Raises NothingPlayable when nothing is left, OSError when the file can't be written.
    """
    if _write(path, archive, video, audio, origin_s, copy=True):
        return
    # A packet looked fit for copying and the muxer refused it: decoding is more forgiving.
    if not _write(path, archive, video, audio, origin_s, copy=False):
        raise NothingPlayable("the archived media of this time can't be decoded")


def _write(
    path: Path,
    archive: MediaArchive,
    video: Sequence[ArchivedChunk],
    audio: Sequence[ArchivedChunk],
    origin_s: float,
    *,
    copy: bool,
) -> bool:
    with ExitStack() as open_files:
        pictures = read_chunks(archive, video, origin_s, open_files)
        sounds = read_chunks(archive, audio, origin_s, open_files)
        if not pictures and not sounds:
            raise NothingPlayable("the archived media of this time is damaged")
        try:
            with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as out:
                tracks = [*_video_track(out, pictures, copy), *_audio_track(out, sounds, copy)]
                written = 0
                for packet in heapq.merge(*tracks, key=_decoded_s):
                    out.mux(packet)
                    written += 1
                return written > 0
        except OSError:
            raise
        except av.FFmpegError:
            if not copy:
                raise NothingPlayable("the archived media of this time can't be decoded") from None
            return False


def _video_track(out: OutputContainer, chunks: list[ReadChunk], copy: bool) -> Iterator[Iterator[MediaPacket]]:
    if not chunks or not isinstance(chunks[0].stream, VideoStream):
        return
    if copy and can_copy_video(chunks):
        yield copy_video(chunks, out.add_stream_from_template(chunks[0].stream))
    else:
        yield transcode_video(chunks, add_h264(out, chunks[0].stream))


def _audio_track(out: OutputContainer, chunks: list[ReadChunk], copy: bool) -> Iterator[Iterator[MediaPacket]]:
    if not chunks or not isinstance(chunks[0].stream, AudioStream):
        return
    if copy and can_copy_audio(chunks):
        yield copy_audio(chunks, out.add_stream_from_template(chunks[0].stream))
    else:
        yield transcode_audio(chunks, add_aac(out, chunks[0].stream))


def _decoded_s(packet: MediaPacket) -> float:
    return float((packet.dts or 0) * packet.time_base)
