"""Hostile bytes in, bounded facts out.

Reads       raw RFC 5322 bytes, nothing else: no network, no clock, no disk.
Promises    never raises on any input but for programming errors; never re-serialises a mail; every result is bounded.
Limits      `shared.mail.limits`, each with its reason.
"""
