"""The integration suite against the Redis and the PostgreSQL of the composition's images, by testcontainers."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.containers.test_compose import engine_answers

pytestmark = [pytest.mark.containers, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]

REDIS = os.environ.get("REDIS_IMAGE", "redis:8")
POSTGRES = os.environ.get("POSTGRES_IMAGE", "postgres:17")

#: What needs both servers as they are: not what starts servers of its own with users, TLS and Sentinels.
SUITE = (
    "bus",
    "bus_trouble",
    "keeper",
    "pipeline",
    "blocklist",
    "digest",
    "dead_letters",
    "submission_replicas",
    "replay",
)


@pytest.fixture(scope="module")
def urls() -> Iterator[dict[str, str]]:
    """A server of each kind; the engine must have their images."""
    missing = [
        image
        for image in (REDIS, POSTGRES)
        if not engine_answers()
        or subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False).returncode
    ]
    if missing:
        if os.environ.get("LONGSTOP_REQUIRE_CONTAINERS"):
            pytest.fail(f"containers were asked for: no engine answers, or it has no {' and no '.join(missing)}")
        pytest.skip("no container engine answers")
    os.environ["TESTCONTAINERS_RYUK_DISABLED"] = "true"
    os.environ["TC_POOLING_INTERVAL"] = "0.1"
    from testcontainers.community.postgres import PostgresContainer
    from testcontainers.community.redis import RedisContainer

    with RedisContainer(REDIS) as redis, PostgresContainer(POSTGRES, driver=None) as postgres:
        yield {
            "LONGSTOP_TEST_REDIS_URL": f"redis://{redis.get_container_host_ip()}:{redis.get_exposed_port(6379)}/0",
            "LONGSTOP_TEST_POSTGRES_URL": postgres.get_connection_url(),
        }


def test_the_same_suite_passes_with_servers_in_containers(urls: dict[str, str]) -> None:
    modules = [f"tests/integration/test_{name}.py" for name in SUITE]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        "postgresql or not sqlite",
        *modules,
    ]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **urls}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-5000:]
    assert " passed" in done.stdout
