"""The blob store: raw mails by their SHA-256, durable before anybody says "taken"."""

from pathlib import Path

from shared.blobs.files import FileBlobs
from shared.blobs.store import Blobs

__all__ = ["Blobs", "FileBlobs", "open_blobs"]


def open_blobs(place: Path | str) -> Blobs:
    """The blob store at a folder, a `file://` URL or an `s3://` URL (`shared.blobs.objects`).

    Raises:
        ValueError: the URL is wrong; the text says what is allowed.
    """
    if isinstance(place, Path):
        return FileBlobs(place)
    if place.startswith("s3://"):
        from shared.blobs.objects import ObjectBlobs  # noqa: PLC0415 - half a second that most need not wait

        return ObjectBlobs(place)
    if not place.startswith("file:///"):
        raise ValueError("LONGSTOP_BLOB_URL must be file:///PATH or s3://BUCKET/PREFIX")
    return FileBlobs(Path(place.removeprefix("file://")))
