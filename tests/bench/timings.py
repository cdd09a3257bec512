"""What the server says of its own answers: the histograms of /metrics, and quantiles of them."""

from dataclasses import dataclass
from typing import Self

import httpx
from prometheus_client.parser import text_string_to_metric_families

#: Buckets by their upper bound in seconds, with how many answers were no slower.
Buckets = dict[float, float]

#: The histograms of each door, by the end of its mail where it is asked more than once.
_DOORS = {
    ("longstop_block_answer_seconds_bucket", "milter", "end"): "milter",
    ("longstop_block_answer_seconds_bucket", "policy", "rcpt"): "policy",
    ("longstop_http_answer_seconds_bucket", "/v1/check", ""): "check",
}


@dataclass(frozen=True, slots=True)
class Timings:
    """The answers of each door so far."""

    doors: dict[str, Buckets]

    @classmethod
    async def of(cls, http: httpx.AsyncClient) -> Self:
        """What the server has counted."""
        doors: dict[str, Buckets] = {}
        for family in text_string_to_metric_families((await http.get("/metrics")).text):
            for one in family.samples:
                labels = one.labels
                what = labels.get("enforcer", labels.get("route", ""))
                door = _DOORS.get((one.name, what, labels.get("stage", "")))
                if door:
                    doors.setdefault(door, {})[float(labels["le"])] = one.value
        return cls(doors)

    def since(self, before: Self) -> Self:
        """The answers between two looks."""
        return type(self)(
            {
                door: {end: count - before.doors.get(door, {}).get(end, 0) for end, count in buckets.items()}
                for door, buckets in self.doors.items()
            }
        )

    def at(self, door: str) -> tuple[float, float]:
        """Half and 99 of a hundred answers took no longer, in milliseconds; between the ends of a bucket by rule of three."""
        buckets = sorted(self.doors.get(door, {}).items())
        return _quantile(buckets, 0.5), _quantile(buckets, 0.99)


def tell(line: str) -> None:
    """Print at once."""
    print(line, flush=True)  # noqa: T201 - a command line prints


def _quantile(buckets: list[tuple[float, float]], share: float) -> float:
    rank = share * buckets[-1][1] if buckets else 0
    start, below = 0.0, 0.0
    for end, count in buckets:
        if count >= rank and count > below:
            return (start + (end - start) * (rank - below) / (count - below)) * 1_000
        start, below = end, count
    return float("nan")
