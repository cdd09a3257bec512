"""The links in QR codes of pictures; nothing without the optional `codes` (Pillow, zxing-cpp).

Only `shared.apart` may call it: picture decoders are not ours, and a picture of few bytes may have many points.
"""

import importlib.util
import io
import re
from collections.abc import Iterator

from shared.mail import limits

#: Whether this installation can read codes.
AVAILABLE = all(importlib.util.find_spec(name) for name in ("PIL", "zxingcpp"))

_MAY_HOLD = re.compile(rb"(?i)content-type:\s{0,20}(?:image/|application/(?:pdf|octet-stream))")
_JPEG = re.compile(rb"/DCTDecode.{0,500}?stream\r?\n", re.DOTALL)
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")


def may_hold_codes(raw: bytes) -> bool:
    """Whether a mail may have a picture that would be looked at."""
    return AVAILABLE and _MAY_HOLD.search(raw) is not None


def texts_in_picture(data: bytes) -> list[str]:
    """What the codes of a picture say."""
    import zxingcpp  # noqa: PLC0415 - optional
    from PIL import Image  # noqa: PLC0415

    Image.MAX_IMAGE_PIXELS = None  # our own limit, which is lower, stands below
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
            if picture.width * picture.height > limits.PICTURE_POINTS_MAX:
                return []
            picture.draft("L", (limits.PICTURE_SIDE_MAX, limits.PICTURE_SIDE_MAX))
            picture.thumbnail((limits.PICTURE_SIDE_MAX, limits.PICTURE_SIDE_MAX))
            grey = Image.new("L", picture.size, 255)  # clear points are paper
            clear = picture.convert("LA")
            grey.paste(clear.getchannel("L"), mask=clear.getchannel("A"))
        found = zxingcpp.read_barcodes(grey)
    except (OSError, ValueError, SyntaxError, RuntimeError, TypeError, OverflowError, IndexError, KeyError):
        return []
    return [one.text[: limits.URL_MAX] for one in found[: limits.PICTURE_CODES_MAX]]


def pictures_in_pdf(data: bytes) -> Iterator[bytes]:
    """The JPEG files in a PDF (`DCTDecode`, ISO 32000-1, section 7.4.8)."""
    for number, match in enumerate(_JPEG.finditer(data)):
        if number >= limits.PICTURES_MAX:
            return
        end = data.find(b"endstream", match.end())
        yield data[match.end() : end if end >= 0 else len(data)]
