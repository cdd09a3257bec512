"""Pictures of pages have few colours: as PNG with a palette (RFC 2083) they take a third of the space."""

import base64
import struct
import zlib
from collections import Counter

from playwright.async_api import Browser

#: Runs in a page of nobody's: the pixels of a PNG, as width and base64 of red, green, blue, alpha.
PIXELS = """async (source) => {
  const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${source}`)).blob());
  const canvas = new OffscreenCanvas(image.width, image.height), context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, image.width, image.height).data;
  const parts = [];
  for (let at = 0; at < pixels.length; at += 32768) parts.push(String.fromCharCode(...pixels.subarray(at, at + 32768)));
  return [image.width, btoa(parts.join(""))];
}"""

COLOURS = 256

Colour = tuple[int, int, int]


async def shrunk(browser: Browser, png: bytes) -> bytes:
    """The same picture of at most 256 colours: the most frequent ones, and for each other the one nearest to it."""
    page = await browser.new_page()
    width, encoded = await page.evaluate(PIXELS, base64.b64encode(png).decode())
    await page.close()
    data = base64.b64decode(encoded)
    pixels: list[Colour] = list(zip(data[0::4], data[1::4], data[2::4], strict=True))
    counts = Counter(pixels)
    kept = [colour for colour, _ in counts.most_common(COLOURS)]
    places = {colour: _nearest(colour, kept) for colour in counts} | {colour: at for at, colour in enumerate(kept)}
    rows = (bytes(map(places.__getitem__, pixels[at : at + width])) for at in range(0, len(pixels), width))
    head = struct.pack(">IIBBBBB", width, len(pixels) // width, 8, 3, 0, 0, 0)
    lines = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    palette = bytes(part for colour in kept for part in colour)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(*one) for one in ((b"IHDR", head), (b"PLTE", palette), (b"IDAT", lines), (b"IEND", b""))
    )


def _nearest(colour: Colour, among: list[Colour]) -> int:
    return min(
        range(len(among)), key=lambda at: sum((one - other) ** 2 for one, other in zip(colour, among[at], strict=True))
    )


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
