"""Charts as plain numbers, for templates to draw as SVG. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bar:
    """A piece of a stacked bar: its place and size in the units of the drawing, what it is, and how many."""

    x: float
    y: float
    width: float
    height: float
    word: str
    n: int
    day: int


def bars(series: Mapping[str, Sequence[int]], width: float, height: float) -> tuple[list[Bar], int]:
    """Stacked bars, one a day, the first series at the bottom; and the highest sum, for the scale."""
    days = max(map(len, series.values()), default=0)
    highest = max((sum(some) for some in zip(*series.values(), strict=True)), default=0)
    step = width / max(days, 1)
    drawn = []
    for day in range(days):
        y = height
        for word, numbers in series.items():
            size = height * numbers[day] / highest if highest else 0.0
            y -= size
            if numbers[day]:
                drawn.append(
                    Bar(
                        round(day * step, 2), round(y, 2), round(step * 0.8, 2), round(size, 2), word, numbers[day], day
                    )
                )
    return drawn, highest
