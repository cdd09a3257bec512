"""Digests: when each is due, what it tells, in whose language, and how it is sent."""
