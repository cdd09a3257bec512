"""What a profile says: processor time by part, and the functions that take most."""

import pstats
from collections import Counter
from pathlib import Path
from typing import Any

#: Parts by what stands in the path or the name of a function; the first that fits.
PARTS = (
    ("reading mails", ("/shared/mail/", "/email/", "publicsuffix")),
    ("SQLAlchemy", ("sqlalchemy", "sqlmodel")),
    ("SQLite", ("sqlite3",)),
    ("files and fsync", ("posix.", "/shared/blobs.py", "pathlib.py")),
    ("pydantic", ("pydantic",)),
    ("Redis and FastStream", ("/redis/", "hiredis", "faststream", "fast_depends")),
    ("logs and metrics", ("structlog", "prometheus_client", "/logging/")),
    ("asyncio and threads", ("/asyncio/", "/concurrent/", "threading.py", "_queue", "select.", "_thread", "socket")),
    ("HTTP", ("uvicorn", "fastapi", "starlette", "h11", "httptools")),
    ("SMTP", ("aiosmtpd",)),
    ("start", ("importlib", "gc.collect", "marshal", "_imp.", "ssl")),
    ("our bus, outbox, work", ("/shared/",)),
    ("our rules and handlers", ("/services/",)),
)

#: What only waits: the profiler counts it where a thread is ended from another one.
WAITS = ("SimpleQueue",)

TOP = 25


def read_profile(path: Path) -> tuple[dict[str, float], list[tuple[str, int, float, float]], float]:
    """Shares of the parts, the top functions (name, calls, own and whole seconds), and the seconds of all."""
    stats: Any = pstats.Stats(str(path))
    functions = {key: found for key, found in stats.stats.items() if not any(word in key[2] for word in WAITS)}
    whole_s = sum(own for _, _, own, _, _ in functions.values())
    parts: Counter[str] = Counter()
    for (file, _, name), (_, _, own, _, _) in functions.items():
        where = f"{file}:{name}"
        parts[next((part for part, words in PARTS if any(word in where for word in words)), "the rest of Python")] += (
            own
        )
    top = sorted(functions.items(), key=lambda item: -item[1][2])[:TOP]
    rows = [(_name(*key), calls, own, below) for key, (_, calls, own, below, _) in top]
    return {part: own / whole_s for part, own in parts.most_common()}, rows, whole_s


def _name(file: str, line: int, function: str) -> str:
    return function if file == "~" else f"{'/'.join(Path(file).parts[-2:])}:{line} {function}"


def tell(name: str, path: Path, reports: int) -> str:
    """The profile as text."""
    parts, rows, whole_s = read_profile(path)
    shares = ", ".join(f"{part} {share:.0%}" for part, share in parts.items() if share >= 0.01)
    lines = [f"{name}: {whole_s * 1000 / reports:.2f} ms a report under the profiler; {shares}"]
    lines += [
        f"  {own * 1e6 / reports:7.1f} us own {below * 1e6 / reports:8.1f} us whole {calls:8d} x {what}"
        for what, calls, own, below in rows
    ]
    return "\n".join(lines)
