"""deploy/ starts what exists, with settings that exist, bound to this machine, without a password of ours."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from nowseen.cli import app
from nowseen.settings import Settings, load_settings, load_topology

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}


def test_each_service_of_ours_is_a_command() -> None:
    commands = vars(get_command(app))["commands"]

    assert set(OURS) == {"worker", "node", "dashboard"}
    for name, service in OURS.items():
        assert service["command"] == [name]
        assert name in commands


def test_every_setting_exists() -> None:
    known = {f"NOWSEEN_{name.upper()}" for name in Settings.model_fields}
    used = {name for service in OURS.values() for name in service["environment"]}
    built = set(re.findall(r"(NOWSEEN_[A-Z_]+)=", DOCKERFILE))

    assert used and built
    assert used | built <= known


@pytest.mark.parametrize("name", SERVICES)
def test_every_port_is_bound_to_this_machine(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port)


@pytest.mark.parametrize("name", SERVICES)
def test_a_secret_has_no_default(name: str) -> None:
    for variable, value in SERVICES[name]["environment"].items():
        if re.search("KEY|PASSWORD|SECRET|TOKEN", variable):
            assert re.fullmatch(r"\$\{[A-Z_]+:\?[^}]+\}", value), variable


@pytest.mark.parametrize("name", SERVICES)
def test_what_it_waits_for_and_keeps_is_there_and_it_can_tell_its_health(name: str) -> None:
    service = SERVICES[name]

    assert set(service.get("depends_on", {})) <= set(SERVICES)
    assert {volume.partition(":")[0] for volume in service.get("volumes", [])} <= set(COMPOSE["volumes"])
    assert service["healthcheck"]["test"][0] == "CMD"


def test_worker_and_node_share_the_archive() -> None:
    found = re.search(r"NOWSEEN_ARCHIVE=file://(\S+)", DOCKERFILE)
    assert found is not None

    for name in ("worker", "node"):
        assert f"archive:{found[1]}" in OURS[name]["volumes"]


def test_worker_and_node_are_told_the_same_encoders() -> None:
    roles = load_topology(load_settings()).encoders
    for role in roles:
        name = f"NOWSEEN_{role.upper()}"
        assert OURS["worker"]["environment"].get(name) == OURS["node"]["environment"].get(name) == f"${{{name}:-}}"


def test_the_server_is_of_the_client_s_release() -> None:
    minor = ".".join(version("qdrant-client").split(".")[:2])

    assert re.fullmatch(rf"qdrant/qdrant:v{re.escape(minor)}\.\d+", SERVICES["qdrant"]["image"])


def test_the_image_copies_what_exists_and_every_package() -> None:
    copied = {name for line in re.findall(r"^COPY (.*) \S+$", DOCKERFILE, re.MULTILINE) for name in line.split()}

    assert all((ROOT / name).exists() for name in copied)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert {name.partition(".")[0] for name in project["tool"]["setuptools"]["packages"]} <= copied


def test_the_image_does_not_run_as_root() -> None:
    users = re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE)

    assert users == ["nowseen"]
