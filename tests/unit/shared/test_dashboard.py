"""The dashboard shows metrics that exist, and every metric of ours is shown."""

import json
import re
from pathlib import Path

from prometheus_client import REGISTRY

import shared.metrics  # noqa: F401 - registers them

DASHBOARD = Path(__file__).parents[3] / "deploy" / "grafana" / "longstop.json"

SUFFIXES = re.compile(r"_(total|bucket|sum|count|created)$")


def test_every_metric_is_on_the_dashboard_and_nothing_else() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    asked = " ".join(target["expr"] for panel in panels for target in panel.get("targets", ()))
    shown = {SUFFIXES.sub("", name) for name in re.findall(r"\blongstop_[a-z_]+", asked)}
    ours = {metric.name for metric in REGISTRY.collect() if metric.name.startswith("longstop_")}
    assert shown == ours


def test_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken
        taken |= cells
