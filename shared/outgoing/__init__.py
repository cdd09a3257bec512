"""Mail of our own: a stranger's text made fit for it, letters without foreign headers, and those who carry them."""

from shared.mail.sanitising import defang
from shared.outgoing.letter import Image, compose
from shared.outgoing.postman import FilePostman, Postman, SmtpPostman, postman_of
from shared.outgoing.reveal import as_read, hides, mixes_scripts, names_other_address, reveal, tricks
from shared.outgoing.text import clean, is_address

__all__ = [
    "FilePostman",
    "Image",
    "Postman",
    "SmtpPostman",
    "as_read",
    "clean",
    "compose",
    "defang",
    "hides",
    "is_address",
    "mixes_scripts",
    "names_other_address",
    "postman_of",
    "reveal",
    "tricks",
]
