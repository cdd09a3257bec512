"""The services by name. They are imported when they are asked for: a command that needs none starts fast."""

from importlib import import_module

from shared.run import Service

NAMES = ("ingest", "triage", "submission", "blocklist", "digest", "portal", "mailboxes", "console")

#: Who comes along when services are named: people's pages are one service's no less for running apart from it.
BROUGHT = {"digest": ("portal",)}


def with_company(names: tuple[str, ...]) -> tuple[str, ...]:
    """The services named and those that come along, each once, in the order of `NAMES`."""
    wanted = {*names, *(one for name in names for one in BROUGHT.get(name, ()))}
    return tuple(name for name in NAMES if name in wanted)


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
