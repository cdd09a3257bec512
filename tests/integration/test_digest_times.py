"""Digests through simulated weeks: each once, none left out, on real tables."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.digest_year import check, database_of, live, make, people_of


@pytest.mark.parametrize("start", [datetime(2026, 3, 26, tzinfo=UTC), datetime(2026, 10, 22, tzinfo=UTC)])
async def test_through_changes_of_clocks_outages_and_crashes_every_digest_comes_once(
    database_url: str, tmp_path: Path, start: datetime
) -> None:
    world = make(40, start, days=6, outages=2, mails_a_day=2)
    database = database_of(database_url)
    await live(world, database, people_of(world, tmp_path))
    told = await check(world, database)
    await database.close()
    assert told["digests"] > 100
    assert told["rows"] > 1000
