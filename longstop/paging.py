"""Lists of the services' APIs, page by page."""

from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from longstop.where import answer_of

#: Rows of one request.
PAGE = 500


def rows_of(  # noqa: PLR0913 - what lists differ in, each by its name
    api: httpx.Client,
    path: str,
    *,
    query: Mapping[str, str] | None = None,
    limit: int = PAGE,
    rows: str = "items",
    place: str = "before",
) -> Iterator[dict[str, Any]]:
    """All rows of a list, the newest first; `rows` and `place` are what the API calls a page's rows and the cursor it takes.

    Raises:
        LongstopError: the service refused; with its words.
    """
    cursor = ""
    while True:
        page = answer_of(api.get(path, params={**(query or {}), "limit": limit, place: cursor})).json()
        yield from page[rows]
        cursor = page["next"]
        if not cursor:
            return
