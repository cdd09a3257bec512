"""Mail stores: one foreign protocol a file. All of them find, read and move mails in one mailbox at a time."""

from services.mailboxes.stores.store import Box, MailStore, Query

__all__ = ["Box", "MailStore", "Query"]
