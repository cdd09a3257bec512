"""What the kernel knows of a process (proc(5)): processor time, memory. Linux only, as is the benchmark."""

import os
from dataclasses import dataclass
from pathlib import Path

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Usage:
    """Of one process, up to now."""

    cpu_s: float
    rss_mib: float


def usage(pid: int) -> Usage:
    """Processor time of all threads and the memory that is resident."""
    folder = Path(f"/proc/{pid}")
    fields = (folder / "stat").read_text().rpartition(")")[2].split()
    pages = int((folder / "statm").read_text().split()[1])
    return Usage((int(fields[11]) + int(fields[12])) * _TICK_S, pages * os.sysconf("SC_PAGE_SIZE") / 2**20)


def folder_mib(folder: Path) -> float:
    """The size of all files under a folder, in MiB. Files may come and go meanwhile."""
    size = 0
    for path in folder.rglob("*"):
        try:
            size += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            continue
    return size / 2**20


def peak_mib(pid: int) -> float:
    """The most memory that was ever resident."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise LookupError("the kernel does not tell VmHWM")
