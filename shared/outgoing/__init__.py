"""Mail of our own: a stranger's text made fit for it, letters without foreign headers, and those who carry them."""

from shared.outgoing.letter import compose
from shared.outgoing.postman import FilePostman, Postman, SmtpPostman, postman_of
from shared.outgoing.text import clean, defang, is_address

__all__ = ["FilePostman", "Postman", "SmtpPostman", "clean", "compose", "defang", "is_address", "postman_of"]
