"""Lists of the console's API, page by page."""

from collections.abc import Iterator
from typing import Any

import httpx

from longstop.where import answer_of

#: Rows of one request.
PAGE = 500


def rows_of(api: httpx.Client, path: str) -> Iterator[dict[str, Any]]:
    """All rows of a list, the newest first.

    Raises:
        LongstopError: the console refused; with its words.
    """
    before = ""
    while True:
        page = answer_of(api.get(path, params={"limit": PAGE, "before": before})).json()
        yield from page["items"]
        before = page["next"]
        if not before:
            return
