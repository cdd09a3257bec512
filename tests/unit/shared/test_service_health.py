"""What closes doors, and what `/readyz` tells."""

from pathlib import Path

import pytest

from shared.errors import Defer
from shared.health import Health, watch_disk, watch_outbox


def test_a_trouble_is_told_and_closes_no_door() -> None:
    health = Health()
    health.tell("reader", "the reader stopped")
    health.may_take()
    with pytest.raises(Defer, match="the reader stopped"):
        health.is_well()
    health.over("reader")
    health.is_well()


def test_doors_open_again_only_when_the_outbox_is_clearly_shorter() -> None:
    health = Health()
    watch_outbox(health, unsent=101, limit=100)
    with pytest.raises(Defer, match="100 events"):
        health.may_take()
    watch_outbox(health, unsent=95, limit=100)
    with pytest.raises(Defer):
        health.may_take()
    watch_outbox(health, unsent=90, limit=100)
    health.may_take()


def test_a_disk_that_is_nearly_full_closes_the_doors(tmp_path: Path) -> None:
    health = Health()
    watch_disk(health, tmp_path, min_free_mb=10**9)
    with pytest.raises(Defer, match="MiB are free"):
        health.may_take()
    watch_disk(health, tmp_path, min_free_mb=0)
    health.may_take()
    watch_disk(health, tmp_path / "not there yet", min_free_mb=10**9)
    health.may_take()
