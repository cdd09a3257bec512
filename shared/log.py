"""Logging: one JSON line an event with ids, never content; pretty in a terminal.

Tracebacks carry no local variables, for a local variable is where a mail lives.
"""

import logging
import sys
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import structlog
from pydantic_core import to_json

from shared.events import rfc3339

#: What lasts is told again after this time, in seconds.
COMPLAIN_EVERY_S = 60.0

#: Whether events are told one by one: set by `configure`, the last entry counts.
_event_lines: list[bool] = [False]


def tell_events(event: str, lines: Iterable[Mapping[str, object]]) -> None:
    """One canonical line for each event, all in one write: ids and numbers only, never content.

    Not by a logger: at thousands of events a second the lines would cost more than the events. People at a terminal see
    none; for them there is `longstop watch`.
    """
    if not _event_lines[-1]:
        return
    head = {"event": event, "level": "info", "logger": "event", "timestamp": rfc3339(datetime.now(UTC))}
    sys.stderr.write("".join(to_json({**head, **line}).decode() + "\n" for line in lines))


class Complaint:
    """When to tell a trouble that is met again and again: at once, and once a minute while it lasts."""

    def __init__(self) -> None:
        self._told_at: float | None = None

    def is_due(self) -> bool:
        """Whether it is told now."""
        now = time.monotonic()
        if self._told_at is not None and now - self._told_at < COMPLAIN_EVERY_S:
            return False
        self._told_at = now
        return True

    def is_over(self) -> bool:
        """Whether it was told, and so its end is too."""
        was_told, self._told_at = self._told_at is not None, None
        return was_told


def configure(level: str) -> None:
    """Set up structlog and route the standard library's loggers through it, all to stderr."""
    terminal = sys.stderr.isatty()
    traces = structlog.dev.plain_traceback if terminal else None
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=traces or structlog.dev.plain_traceback)
        if terminal
        else structlog.processors.JSONRenderer()
    )
    exceptions: list[structlog.typing.Processor] = (
        []
        if terminal
        else [
            structlog.processors.ExceptionRenderer(
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False, max_frames=20)
            )
        ]
    )
    before: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *exceptions, renderer],
        )
    )
    _event_lines.append(not terminal and logging.getLevelName(level.upper()) <= logging.INFO)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for noisy in ("uvicorn.access", "uvicorn.error", "faststream", "mail.log", "httpx", "aiosqlite", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger whose lines carry `name`."""
    bound: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return bound
