"""The bus against the Redis of the composition's image, by testcontainers."""

import os
import subprocess
from collections.abc import Iterator

import pytest

from tests.containers.test_compose import engine_answers

pytestmark = [pytest.mark.containers, pytest.mark.timeout(300)]

IMAGE = os.environ.get("REDIS_IMAGE", "redis:8")


@pytest.fixture(scope="module")
def container_url() -> Iterator[str]:
    if (
        not engine_answers()
        or subprocess.run(["docker", "image", "inspect", IMAGE], capture_output=True, check=False).returncode
    ):
        if os.environ.get("LONGSTOP_REQUIRE_CONTAINERS"):
            pytest.fail(f"containers were asked for: no engine answers, or it has no {IMAGE}")
        pytest.skip("no container engine answers")
    os.environ["TESTCONTAINERS_RYUK_DISABLED"] = "true"
    os.environ["TC_POOLING_INTERVAL"] = "0.1"
    from testcontainers.community.redis import RedisContainer

    with RedisContainer(IMAGE) as container:
        yield f"redis://{container.get_container_host_ip()}:{container.get_exposed_port(6379)}/0"


async def test_a_stream_is_read_by_a_group_made_at_zero(container_url: str) -> None:
    from typing import Any

    from shared.bus import connect
    from shared.bus.client import create_groups

    redis: Any = connect(container_url)
    await redis.xadd("s", {"data": "1"})
    await create_groups(redis, "g", ["s"])
    await create_groups(redis, "g", ["s"])
    ((_, entries),) = await redis.xreadgroup("g", "me", {"s": ">"})
    assert len(entries) == 1
    await redis.aclose()
