"""Fixtures of the whole suite: a real Redis server, and a real PostgreSQL where there is one."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from redis.asyncio import Redis

from services.console.access import passwords
from shared.bus import connect
from shared.embedded import EmbeddedRedis
from tests.postgres import find_postgres, postgres_server

#: Folders of tests, those whose files take longest first: a long file that is begun last is waited for by every other worker.
LONGEST_FIRST = ("gateway", "browser", "e2e", "faults", "integration", "containers", "contract", "unit")

#: No property is wrong because the machine is busy.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    items.sort(key=lambda item: LONGEST_FIRST.index(item.path.relative_to(here).parts[0]))


@pytest.fixture(scope="session", autouse=True)
def _passwords_cost_little() -> Iterator[None]:
    """Every console makes an account at its start: at its real cost that would be a tenth of a second of each test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "N", 2**4)
        yield


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One real redis-server for the session, started as `longstop up` starts it, or the one that was given."""
    if given := os.environ.get("LONGSTOP_TEST_REDIS_URL"):
        yield given
        return
    server = EmbeddedRedis(tmp_path_factory.mktemp("redis"))
    with asyncio.Runner() as runner:
        runner.run(server.start())
        yield server.url
        runner.run(server.stop())


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A real PostgreSQL for the session."""
    if given := os.environ.get("LONGSTOP_TEST_POSTGRES_URL"):
        yield given
        return
    if find_postgres() is None:
        pytest.skip("no PostgreSQL: install one, or set LONGSTOP_TEST_POSTGRES_URL")
    with postgres_server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of an empty database, once of each kind that we support."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/db/{{service}}.db"
        return
    server = request.getfixturevalue("postgres_url")
    name = f"t{uuid.uuid4().hex[:12]}"
    connection = await asyncpg.connect(server)
    await connection.execute(f"CREATE DATABASE {name}")
    yield f"{server.rpartition('/')[0]}/{name}"
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = connect(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
def prefix() -> str:
    """Stream names of one test."""
    return f"t{uuid.uuid4().hex[:12]}"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A developer's own LONGSTOP_* variables and .env must not change a test."""
    for name in list(os.environ):
        if name.startswith("LONGSTOP_") and not name.startswith(("LONGSTOP_TEST_", "LONGSTOP_REQUIRE_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
