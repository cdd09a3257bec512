"""Tokens: as many at once as an hour allows, and one more with the time that passes."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from services.ingest import gate
from services.ingest.gate import Bucket


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_is_emptied_and_fills_with_time() -> None:
    clock = Clock()
    bucket = Bucket(3, 3600, clock)
    assert [bucket.take("ana") for _ in range(3)] == [0, 0, 0]
    assert bucket.take("ana") == pytest.approx(1200)
    assert bucket.take("ben") == 0
    clock.now += 1200
    assert bucket.take("ana") == 0
    assert bucket.take("ana") == pytest.approx(1200)


def test_no_limit_and_no_name_are_let_through() -> None:
    assert {Bucket(0, 60).take("ana") for _ in range(10)} == {0}
    assert {Bucket(1, 60).take("") for _ in range(10)} == {0}


def test_names_are_forgotten_rather_than_kept_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "KEYS_MAX", 10)
    bucket = Bucket(1, 60, Clock())
    for number in range(100):
        bucket.take(f"{number}@example.org")
    assert len(bucket._left) == 10


@given(some.lists(some.floats(0, 100), max_size=60), some.integers(1, 20))
def test_never_more_than_the_rate_and_one_bucket(waits: list[float], most: int) -> None:
    clock = Clock()
    bucket = Bucket(most, 60, clock)
    taken = 0
    for wait in waits:
        clock.now += wait
        taken += bucket.take("ana") == 0
    assert taken <= most + clock.now * most / 60 + 1e-6
