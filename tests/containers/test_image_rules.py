"""What the image and the composition promise, read from their files: no engine is needed."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OURS = ("ingest", "triage", "submission", "blocklist", "digest", "portal", "mailboxes", "console")


def test_the_image_runs_as_nobody_and_says_whether_it_is_well() -> None:
    assert re.search(r"^USER 10001:10001$", DOCKERFILE, re.MULTILINE)
    assert "HEALTHCHECK" in DOCKERFILE
    assert "STOPSIGNAL SIGTERM" in DOCKERFILE


def test_dependencies_come_with_their_hashes() -> None:
    assert "--require-hashes -r requirements.txt" in DOCKERFILE


def test_every_builder_can_build_it() -> None:
    assert not DOCKERFILE.startswith("# syntax=")
    assert "<<" not in DOCKERFILE
    assert "--link" not in DOCKERFILE


@pytest.mark.parametrize("name", [*OURS, "redis", "postgres"])
def test_containers_may_do_nothing_but_their_work(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["deploy"]["resources"]["limits"]["memory"]
    assert service["deploy"]["resources"]["limits"]["pids"]
    assert service["logging"]["options"]["max-size"]


@pytest.mark.parametrize("name", OURS)
def test_every_service_waits_for_redis_and_gets_secrets_as_files(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["depends_on"]["redis"]["condition"] == "service_healthy"
    assert {"secret_key", "api_token"} <= set(service["secrets"]) or name == "portal"
    assert service["environment"]["LONGSTOP_SERVICE"] == name
    assert "LONGSTOP_API_TOKEN" not in service["environment"]


def test_people_s_pages_know_no_secret_but_the_key_of_links_and_write_to_nothing_of_others() -> None:
    portal = COMPOSE["services"]["portal"]
    assert portal["secrets"] == ["link_key", "redis_portal"]
    told = " ".join(portal["environment"])
    assert not [word for word in ("SMTP", "REINJECT", "GATEWAY", "TOKEN", "SECRET", "MAILSTORE") if word in told]
    assert [volume["source"] for volume in portal["volumes"] if not volume.get("read_only")] == ["portal"]
    assert portal["env_file"] == []


def test_people_s_pages_reach_no_other_service() -> None:
    reached = set(COMPOSE["services"]["portal"]["networks"])
    others = {
        name: service
        for name, service in COMPOSE["services"].items()
        if name not in ("portal", "redis", "postgres", "cli")
    }
    assert not [name for name, service in others.items() if reached & set(service["networks"])]


@pytest.mark.parametrize("name", [name for name in OURS if name != "portal"])
def test_every_setting_of_env_reaches_a_service(name: str) -> None:
    assert COMPOSE["services"][name]["env_file"] == [{"path": ".env", "required": False}]


def test_postgres_is_used_by_every_service_and_the_command_line() -> None:
    more = yaml.load((ROOT / "compose.postgres.yml").read_text().replace("!reset ", ""), yaml.SafeLoader)["services"]
    assert {name for name, service in more.items() if "environment" in service} == {*OURS, "cli"}


@pytest.mark.parametrize("name", ["redis", "postgres"])
def test_what_holds_data_is_not_published_and_has_no_way_out(name: str) -> None:
    service = COMPOSE["services"][name]
    assert "ports" not in service
    assert all(COMPOSE["networks"][network]["internal"] for network in service["networks"])


def test_ports_are_published_on_this_machine_only_by_default() -> None:
    ports = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("${LONGSTOP_PUBLISH:-127.0.0.1}:") for port in ports)


def test_no_container_sees_the_engine() -> None:
    assert "docker.sock" not in (ROOT / "docker-compose.yml").read_text()
