"""Leaves of a mail that are not its body: what they call themselves, what they are, what is inside."""

import hashlib

from shared.mail import limits
from shared.mail.defects import Defects
from shared.mail.filetypes import real_type
from shared.mail.model import Attachment
from shared.mail.structure import Part
from shared.mail.words import one_line
from shared.mail.zips import list_zip, zip_type

_VBA, _LOCKED = "_VBA_PROJECT".encode("utf-16-le"), "EncryptedPackage".encode("utf-16-le")


def read_attachment(part: Part, data: bytes, defects: Defects) -> Attachment:
    """Describe one leaf; `data` are its decoded bytes."""
    kind = "mail" if part.media_type in {"message/rfc822", "message/global"} else real_type(data)
    encrypted = kind == "pdf" and b"/Encrypt" in data
    members: tuple[str, ...] = ()
    if kind == "zip":
        listing = list_zip(data, defects)
        encrypted, members = listing.encrypted, listing.members
        kind = zip_type(members)
    if kind == "ole":  # MS-OVBA section 2.2.1, MS-OFFCRYPTO section 2.3.4.4: how the streams inside are called
        kind, encrypted = ("ole-macro" if _VBA in data else kind), _LOCKED in data
    return Attachment(
        name=file_name(part.file_name),
        content_type=part.media_type,
        size_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        real_type=kind,
        encrypted=encrypted,
        members=members,
    )


def file_name(name: str) -> str:
    """The last part of a name in one line; the end with its extension survives a cut."""
    bare = one_line(name.replace("\\", "/").rpartition("/")[2], limits.PARAMETER_VALUE_MAX)
    return bare if len(bare) <= limits.FILE_NAME_MAX else bare[:60] + bare[60 - limits.FILE_NAME_MAX :]
