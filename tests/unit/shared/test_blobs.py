"""Blobs: whole or not at all, once, and named by nothing of a mail."""

import hashlib
from pathlib import Path

import pytest

from shared.blobs import FileBlobs
from shared.errors import Defer


def test_the_same_content_is_stored_once_and_nothing_else_stays(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    blobs.put([b"same"])
    blobs.put([b"same"])
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [hashlib.sha256(b"same").hexdigest()]


def test_a_store_that_cannot_be_written_defers_and_leaves_no_half_blob(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    blobs = FileBlobs(tmp_path)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Defer, match="No space left"):
        blobs.put([b"content"])
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
