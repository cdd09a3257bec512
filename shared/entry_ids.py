"""Ids of stream entries: milliseconds and a number, compared as numbers."""

#: The id before every entry.
START = (0, 0)

EntryId = tuple[int, int]


def entry_id_of(text: bytes | str) -> EntryId:
    """`1732386000000-12` as numbers that compare as Redis compares them."""
    milliseconds, _, number = (text.decode() if isinstance(text, bytes) else text).partition("-")
    return int(milliseconds), int(number or 0)


def sortable(entry_id: EntryId) -> str:
    """An entry id whose text sorts as the id does; Redis reads it like the plain one."""
    return f"{entry_id[0]:015d}-{entry_id[1]:010d}"
