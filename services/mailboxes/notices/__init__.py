"""Notices to users whose mailboxes a purge changed: one for each mailbox and purge, when the purge says so."""
