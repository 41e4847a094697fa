"""Where a model's weights come from, and whether they are the right bytes.

The order is the same for every model: a path given by the user, the cache, a download, the installed package. A model
whose package holds the very same weights as the download takes the package first (it says so where it does).
"""

from __future__ import annotations

import hashlib
import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TypeVar

from domain.errors import ConfigError
from encoders.options import EncoderOptions

HUB_ANSWER_TIMEOUT_S = 5.0

M = TypeVar("M")


class WeightsUnavailable(Exception):  # noqa: N818  (a state of the network, not a mistake)
    """The weights are neither here nor to be had now. The message says what was tried."""


def explicit_file(path: Path, setting: str) -> Path:
    """`path` itself. Raises ConfigError when there is no such file: nothing else takes a given path's place."""
    path = path.expanduser()
    if path.is_dir():
        raise ConfigError(f"{setting}: {path} is a folder; name the weights file in it")
    if not path.is_file():
        raise ConfigError(f"{setting}: there is no file {path}; correct the path, or leave it out")
    return path


def packaged_file(package: str, path: Path, sha256: str) -> Path:
    """`path` inside an installed package, checked. Raises ConfigError when it is missing or altered."""
    if not path.is_file():
        raise ConfigError(
            f"package {package} holds no {path.name}; reinstall it: pip install --force-reinstall {package}"
        )
    verify_sha256(path, sha256, f"reinstall it: pip install --force-reinstall {package}")
    return path


def packaged_origin(package: str) -> str:
    try:
        return f"package {package} {version(package)}"
    except PackageNotFoundError:
        raise ConfigError(f"package {package} is not installed; run: pip install {package}") from None


def verify_sha256(path: Path, expected: str, remedy: str) -> None:
    """Raises ConfigError when the file's SHA-256 (hex) is another one."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        raise ConfigError(
            f"{path} is damaged or another file: its SHA-256 is {found[:12]}..., not {expected[:12]}...; {remedy}"
        )


def require_answer(url: str) -> None:
    """Raises WeightsUnavailable unless the server answers for `url` within a few seconds.

    The libraries' own downloads retry for minutes, or wait for ever, where there is no network; asking first bounds
    that, and lets a real download take as long as it needs.
    """
    request = urllib.request.Request(url, method="HEAD")  # noqa: S310  (https addresses from the libraries' own tables)
    try:
        with urllib.request.urlopen(request, timeout=HUB_ANSWER_TIMEOUT_S):  # noqa: S310
            return
    except urllib.error.HTTPError as error:
        if error.code in (401, 403, 404) or error.code >= 500:
            raise WeightsUnavailable(f"{url} answered {error.code} {error.reason}") from error
    except (OSError, socket.timeout) as error:  # noqa: UP041
        raise WeightsUnavailable(f"{url} can't be reached: {getattr(error, 'reason', error)}") from error


def named_folder(wanted: str, role: str) -> Path | None:
    """The folder named, or None when the name can only be a hub's. Raises ConfigError for a path to nothing."""
    path = Path(wanted).expanduser()
    if path.is_dir():
        return path
    if path.is_absolute() or wanted.startswith((".", "~")) or path.exists() or wanted.count("/") > 1:
        raise ConfigError(f"{role}: {path} is not a folder with a model; correct the path")
    return None


def from_cache_or_hub(
    role: str, wanted: str, options: EncoderOptions, packaged: str | None, load: Callable[..., M]
) -> M:
    """`load(local_only=True)`, and where that finds nothing the same with a download.

    Raises ConfigError when the model is neither here nor to be had; `packaged` is what can be chosen in its place,
    None where nothing is installed for that.
    """
    instead = "leave it out" if packaged is None else f"choose {packaged}, which is installed"
    try:
        return load(local_only=True)
    except ConfigError as not_cached:
        if not options.allow_download:
            raise ConfigError(
                f"{role}: {wanted} is not in {options.cache_dir} and downloads are off; allow them, name a folder, "
                f"or {instead}"
            ) from not_cached
    try:
        require_answer(f"https://huggingface.co/{wanted}/resolve/main/config.json")
    except WeightsUnavailable as error:
        raise ConfigError(f"{role}: {wanted} can't be had ({error}); name a folder, or {instead}") from error
    return load(local_only=False)
