"""The demo, as `make demo` starts it: the first thing that a newcomer sees of Longstop."""

import subprocess
import sys
from pathlib import Path

#: Longest time for all of it, in seconds: about ten on a free machine.
PATIENCE_S = 240


def test_every_step_of_the_demo_happens_and_its_digests_are_there_to_look_at(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    done = subprocess.run(
        [sys.executable, "-m", "longstop", "demo", "--data-dir", str(folder)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    steps = done.stdout.partition("Where to look")[0].splitlines()
    assert sum("│ yes │" in line for line in steps) == 10
    assert not any("│ NO  │" in line for line in steps)
    shown = [line for line in done.stdout.splitlines() if "a digest mail" in line]
    assert len(shown) == 2
    assert not any("-answer-" in line for line in shown)
    assert "/q/" in next(folder.glob("outbox/ana@example.org-*.html")).read_text()
