"""Previews of held mails: read once, bounded, and without a link in their text."""

from pathlib import Path

from services.portal.reading import Previews
from shared.blobs import FileBlobs
from tests.hostile_mails import letter


async def test_no_program_finds_a_link_in_the_text(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    (name,) = blobs.put([letter()])
    found = await Previews(blobs).of(name)
    assert found
    assert found.text.strip() == "Hello, see hxxps://evil[.]example/pay"


async def test_a_mail_that_is_gone_has_no_preview(tmp_path: Path) -> None:
    assert await Previews(FileBlobs(tmp_path)).of("0" * 64) is None


async def test_a_preview_is_read_once_and_memory_is_bounded(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    previews = Previews(blobs)
    names = blobs.put([letter(f"<p>{number}</p>") for number in range(60)])
    for name in names:
        assert await previews.of(name) is await previews.of(name)
    assert len(previews._known) == 50
