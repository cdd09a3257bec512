"""Reading a held mail for a preview, in a process of its own with limits of time and memory (`shared.apart`)."""

import asyncio
import atexit
import sys
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from services.portal.sanitising import sanitised, without_links
from shared.apart import Reader
from shared.blobs import Blobs
from shared.mail import Attachment, read_mail
from shared.mail.__main__ import main
from shared.mail.model import Hop

#: Characters of text, fields of a header and characters of one that are shown.
TEXT_MAX, FIELDS_MAX, FIELD_MAX = 100_000, 200, 2_000

#: Characters of sanitised HTML: a tree may be far larger than its source, and is no layout then.
HTML_LEFT = 1_000_000

#: Previews that are remembered: a page with its frame reads the mail once, and a mail that is hard to read is hard once.
REMEMBERED = 50


@dataclass(frozen=True, slots=True)
class Preview:
    """What a mail says of itself, bounded; nothing here is fit for a page without escaping, but for `html`."""

    text: str = ""
    html: str = ""  # sanitised; empty when there is none, or when it takes more than a mail may
    is_cut: bool = False
    language: str = ""  # of its text (ISO 639-1), empty when it is not sure
    has_html: bool = False
    attachments: tuple[Attachment, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    hops: tuple[Hop, ...] = ()


def preview_of(raw: bytes) -> Preview:
    """Everything but the HTML: linear in the mail's size."""
    mail = read_mail(raw)
    text = mail.text or mail.html_text
    return Preview(
        text=without_links(text[:TEXT_MAX]),
        is_cut=len(text) > TEXT_MAX,
        language=mail.language,
        has_html=bool(mail.html.strip()),
        attachments=mail.attachments,
        fields=tuple((name, value[:FIELD_MAX]) for name, value in mail.headers[:FIELDS_MAX]),
        hops=mail.hops,
    )


def html_of(raw: bytes) -> str:
    """The HTML body, sanitised. A tree is built for it: this may take more than a mail may."""
    html = sanitised(read_mail(raw).html)
    return html if len(html) <= HTML_LEFT else ""


READERS: Mapping[str, Callable[..., object]] = {"preview": preview_of, "html": html_of}


class Previews:
    """Previews of held mails, the last ones remembered."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._known: OrderedDict[str, Preview] = OrderedDict()
        self._reader = Reader("services.portal.reading")
        atexit.register(self._reader.close)

    async def raw(self, sha256: str) -> bytes | None:
        """The mail itself; None when it is gone.

        Raises:
            Defer: the store cannot be read now.
        """
        return await asyncio.to_thread(self._blobs.get, sha256)

    async def of(self, sha256: str) -> Preview | None:
        """A preview; None when the mail is gone.

        Raises:
            Defer: the store cannot be read now, or no process can be started.
        """
        found = self._known.get(sha256)
        if found is None:
            raw = await self.raw(sha256)
            if raw is None:
                return None
            found = await asyncio.to_thread(self._read, raw)
            self._known[sha256] = found
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return found

    def _read(self, raw: bytes) -> Preview:
        preview: Preview = self._reader.read("preview", raw) or Preview()
        if not preview.has_html:
            return preview
        html: str = self._reader.read("html", raw) or ""
        return replace(preview, html=html)


if __name__ == "__main__":
    # Under its own name: what is sent back is unpickled as `services.portal.reading.Preview`.
    from services.portal.reading import READERS as MINE

    main(sys.argv[1], MINE)
