"""Constant databases."""

import io

from hypothesis import given
from hypothesis import strategies as st

from services.blocklist.cdb import Cdb
from tests.cdb import everything_in_cdb, find_in_cdb

BOOKS = st.dictionaries(st.binary(max_size=40), st.binary(max_size=40), max_size=60)


def written(book: dict[bytes, bytes]) -> bytes:
    file = io.BytesIO()
    table = Cdb(file)
    for key, value in book.items():
        table.add(key, value)
    table.finish()
    return file.getvalue()


@given(BOOKS, st.binary(max_size=40))
def test_a_reader_finds_every_key_and_no_other(book: dict[bytes, bytes], other: bytes) -> None:
    data = written(book)
    assert everything_in_cdb(data) == book
    assert {key: find_in_cdb(data, key) for key in book} == book
    assert find_in_cdb(data, other) == book.get(other)


def test_many_keys_of_one_table_are_all_found() -> None:
    book = {f"tenant|address|{number}@parcel.example".encode(): str(number).encode() for number in range(5_000)}
    data = written(book)
    assert all(find_in_cdb(data, key) == value for key, value in book.items())


def test_an_empty_book_is_a_database_without_keys() -> None:
    assert len(written({})) == 2048
    assert find_in_cdb(written({}), b"") is None
