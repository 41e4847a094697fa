"""Text files of a data set, which somebody else may have written, into memory or to a clear refusal."""

from __future__ import annotations

from pathlib import Path

from domain.errors import ConfigError

_LONGEST_BYTES = 1 << 30  # the captions of all of COCO have a tenth of it


def read_text(path: Path) -> str:
    """Raises ConfigError when it can't be read or is too large to be a description."""
    try:
        if (size := path.stat().st_size) > _LONGEST_BYTES:
            raise ConfigError(f"{path} has {size / 1e9:.1f} GB; a description has less than 1")
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} can't be read: {error}") from error
