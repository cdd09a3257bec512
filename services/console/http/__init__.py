"""The console's application: pages, REST, live stream. Everything but health asks who is there."""

from services.console.http.app import app

__all__ = ["app"]
