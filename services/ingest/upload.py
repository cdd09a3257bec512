"""One mail of an HTTP request."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.events import MailEnvelope
from shared.events.vocabulary import ReportCategory


@dataclass(frozen=True, slots=True)
class Upload:
    """One mail of a request, with what the request says of it."""

    raw: bytes = b""
    category: ReportCategory | None = None
    reporter: str = ""
    folder: str = ""
    comment: str = ""
    envelope: MailEnvelope | None = None
    scan: Mapping[str, Any] | None = None
