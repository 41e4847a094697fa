"""Secrets are made at random, kept where nobody else reads, shown once and never told by accident."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.endpoints import Endpoint
from domain.errors import BadRequest, ConfigError
from streams.webhooks import SecretFile, SigningSecret
from streams.webhooks.secret_file import OLD_SECRET_S

OPS = Endpoint("ops", "https://receiver.example/")
NOW_S = 1_767_225_600.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "webhook-secrets.json"


def revealed(secrets: list[SigningSecret]) -> list[str]:
    return [one.reveal() for one in secrets]


@given(st.binary(min_size=24, max_size=64))
def test_what_is_revealed_can_be_parsed(key: bytes) -> None:
    secret = SigningSecret(key)

    assert SigningSecret.parse(secret.reveal()).reveal() == secret.reveal()
    assert secret.reveal() == "whsec_" + base64.b64encode(key).decode()
    assert repr(secret) == str(secret) == f"{secret!r}" == "SigningSecret(hidden)"


def test_each_is_new_and_long_enough() -> None:
    made = {SigningSecret.make().reveal() for _ in range(100)}

    assert len(made) == 100
    assert {len(base64.b64decode(one.removeprefix("whsec_"))) for one in made} == {32}


@pytest.mark.parametrize(
    "text",
    ["", "whsec_", "whsec_hunter2", "hunter2hunter2hunter2hunter2hunter2", "whsec_" + "A" * 28, "whsec_" + "A" * 88],
)
def test_what_is_no_secret_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ConfigError) as error:
        SigningSecret.parse(text)
    assert "hunter2" not in str(error.value)
    assert error.value.__cause__ is None


def test_it_is_kept_for_the_next_process_and_nobody_else(path: Path) -> None:
    secret = SecretFile(path).make("ops")

    assert revealed(SecretFile(path).of(OPS, NOW_S)) == [secret.reveal()]
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_one_that_is_there_is_not_overwritten(path: Path) -> None:
    secrets = SecretFile(path)
    secret = secrets.make("ops")
    with pytest.raises(BadRequest, match="replace"):
        secrets.make("ops")

    assert revealed(secrets.of(OPS, NOW_S)) == [secret.reveal()]


def test_a_replaced_one_signs_for_another_day(path: Path) -> None:
    secrets = SecretFile(path)
    first = secrets.make("ops")
    second = secrets.replace("ops", NOW_S)

    assert revealed(secrets.of(OPS, NOW_S)) == [second.reveal(), first.reveal()]
    assert revealed(secrets.of(OPS, NOW_S + OLD_SECRET_S)) == [second.reveal()]
    third = secrets.replace("ops", NOW_S)
    assert revealed(secrets.of(OPS, NOW_S)) == [third.reveal(), second.reveal()]
    with pytest.raises(BadRequest, match="no signing secret"):
        secrets.replace("other", NOW_S)


def test_a_removed_one_signs_nothing(path: Path) -> None:
    secrets = SecretFile(path)
    secrets.make("ops")
    secrets.make("other")
    secrets.remove("ops")
    secrets.remove("ops")

    with pytest.raises(ConfigError, match="no signing secret for the endpoint ops"):
        secrets.of(OPS, NOW_S)
    assert len(secrets.of(Endpoint("other", "https://receiver.example/"), NOW_S)) == 1


def test_one_may_come_from_the_environment_or_two_while_they_are_replaced(path: Path) -> None:
    one, two = SigningSecret.make().reveal(), SigningSecret.make().reveal()
    secrets = SecretFile(path, {"ONE": one, "TWO": f"{two} {one}", "WRONG": "hunter2"})

    def of(variable: str) -> list[str]:
        return revealed(secrets.of(Endpoint("ops", "https://receiver.example/", secret_variable=variable), NOW_S))

    assert of("ONE") == [one]
    assert of("TWO") == [two, one]
    assert not path.exists()
    with pytest.raises(ConfigError, match="NONE holds no signing secret"):
        of("NONE")
    with pytest.raises(ConfigError, match="base64") as error:
        of("WRONG")
    assert "hunter2" not in str(error.value)


def test_a_file_that_others_may_read_is_refused(path: Path) -> None:
    secrets = SecretFile(path)
    secrets.make("ops")
    path.chmod(0o644)

    with pytest.raises(ConfigError, match="chmod 600"):
        secrets.of(OPS, NOW_S)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"ops": 5}', '{"ops": [["whsec_hunter2", null]]}', '{"ops": [[1, 2]]}']
)
def test_a_damaged_file_is_refused_and_not_repeated(path: Path, content: str) -> None:
    secrets = SecretFile(path)
    secrets.make("ops")
    path.write_text(content)

    with pytest.raises(ConfigError) as error:
        secrets.of(OPS, NOW_S)
    assert "hunter2" not in str(error.value)


def test_two_at_once_are_both_kept(path: Path) -> None:
    secrets = SecretFile(path)
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(secrets.make, map(str, range(16))))

    assert {name: kept[0][0] for name, kept in json.loads(path.read_text()).items()} == {
        str(number): secret.reveal() for number, secret in enumerate(made)
    }
