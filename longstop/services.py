"""The services by name. They are imported when they are asked for: a command that needs none starts fast."""

from importlib import import_module

from shared.run import Service

NAMES = ("ingest", "triage", "submission", "blocklist", "digest", "mailboxes", "console")


def service(name: str) -> Service:
    """The service of that name.

    Raises:
        KeyError: there is none.
    """
    if name not in NAMES:
        raise KeyError(name)
    found: Service = import_module(f"services.{name}.__main__").SERVICE
    return found


def services(names: tuple[str, ...] = NAMES) -> list[Service]:
    """Several services, in the order given."""
    return [service(name) for name in names]
