"""The composition on a real engine: built, healthy, and a report becomes a verdict."""

import json
import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.mails import mail
from tests.services import free_port

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.containers, pytest.mark.timeout(900)]

PORTS = ("CONSOLE", "INGEST", "SMTP", "LMTP", "HELD_LMTP", "MILTER", "POLICY", "BLOCKLIST", "DIGEST", "MAILBOXES")


def engine_answers() -> bool:
    if not shutil.which("docker"):
        return False
    return subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=30).returncode == 0


@pytest.fixture(scope="module", autouse=True)
def _engine() -> None:
    if not engine_answers():
        if os.environ.get("LONGSTOP_REQUIRE_CONTAINERS"):
            pytest.fail("containers were asked for, and no engine answers")
        pytest.skip("no container engine answers")


@pytest.fixture(scope="module")
def composition(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    secrets = tmp_path_factory.mktemp("secrets")
    secrets.chmod(0o755)
    subprocess.run([ROOT / "deploy/make-secrets.sh", secrets], check=True)
    project = f"longstop-test-{uuid.uuid4().hex[:8]}"
    ports = {f"LONGSTOP_{name}_PORT": str(free_port()) for name in PORTS}
    environment = {**os.environ, **ports, "LONGSTOP_SECRETS": str(secrets), "LONGSTOP_IMAGE": "longstop:test"}
    environment["COMPOSE_PROJECT_NAME"] = project
    subprocess.run(["docker", "build", "--network", "host", "-t", "longstop:test", "."], cwd=ROOT, check=True)
    try:
        compose("up", "-d", "--wait", "--no-build", env=environment)
        yield {**environment, "TOKEN": (secrets / "api_token").read_text()}
    finally:
        subprocess.run(["docker", "compose", "logs", "--tail", "20"], cwd=ROOT, env=environment, check=False)
        compose("down", "-v", "--timeout", "15", env=environment)


def compose(*words: str, env: dict[str, str]) -> str:
    done = subprocess.run(["docker", "compose", *words], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def operator(command: str, env: dict[str, str]) -> str:
    """Ask Redis as its user `operator`."""
    asking = f'REDISCLI_AUTH="$(cat /run/secrets/redis_operator)" redis-cli --user operator {command}'
    return compose("exec", "-T", "redis", "sh", "-c", asking, env=env)


def test_every_container_is_healthy(composition: dict[str, str]) -> None:
    lines = compose("ps", "--format", "json", env=composition).splitlines()
    states = {entry["Service"]: entry["Health"] for line in lines for entry in [json.loads(line)]}
    assert set(states.values()) == {"healthy"}
    assert len(states) == 9


def test_a_report_becomes_a_verdict(composition: dict[str, str]) -> None:
    url = f"http://127.0.0.1:{composition['LONGSTOP_INGEST_PORT']}/v1/reports"
    head = {"Content-Type": "message/rfc822"}
    assert httpx.post(url, content=mail(), headers=head, timeout=20).status_code == 401
    head["Authorization"] = f"Bearer {composition['TOKEN']}"
    assert httpx.post(url, content=mail(), headers=head, timeout=20).status_code == 202
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if operator("XLEN longstop:report.resolved.v1", env=composition).strip() != "0":
            return
    pytest.fail("no verdict came")


def test_the_command_line_reaches_every_service_by_its_name(composition: dict[str, str]) -> None:
    run = ("run", "--rm", "-T", "cli")
    added = json.loads(compose(*run, "block", "add", "fee@parcel-fee.example", "--json", env=composition))
    assert added["value"] == "fee@parcel-fee.example"
    for words in (("case", "list"), ("quarantine", "list"), ("purge", "list"), ("dead", "list"), ("token", "list")):
        compose(*run, *words, "--json", env=composition)


def test_replicas_of_a_service_run_beside_each_other_and_nobody_is_refused_anything(
    composition: dict[str, str],
) -> None:
    compose("up", "-d", "--wait", "--no-build", "--scale", "submission=3", env=composition)
    readers = operator("--json XINFO CONSUMERS longstop:submission.requested.v1 submission", env=composition)
    assert len({reader["name"] for reader in json.loads(readers)}) == 3
    assert operator("--json ACL LOG", env=composition).strip() == "[]"
