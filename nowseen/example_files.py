"""Files that people give to a command as examples."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from domain.errors import ConfigError

MEDIA = {"Content-Type": "application/octet-stream"}


@dataclass(frozen=True, slots=True)
class ExampleFile:
    """A file, and what of it is looked for: as `by` of the API."""

    by: str
    path: Path

    def read(self) -> bytes:
        """Raises ConfigError."""
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise ConfigError(f"{self.path} can't be read: {error.strerror}") from error


def one_example(**files: Path | None) -> ExampleFile | None:
    """The one that is given, by what of it is looked for. Raises ConfigError when it is more than one."""
    given = [ExampleFile(by, path) for by, path in files.items() if path is not None]
    if len(given) > 1:
        raise ConfigError(f"give one file at a time: {' or '.join(f'--{by}' for by in files)}")
    return given[0] if given else None
