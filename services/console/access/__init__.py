"""Who may do what in the console: accounts, tokens, sessions, sign-in by others' word, and the audit of it all."""

from services.console.access.access import Access

__all__ = ["Access"]
