"""The command `longstop`. Exit codes: 0 done, 1 it failed (the reason in one line on stderr), 2 wrong usage."""

import sys
from importlib import import_module
from importlib.metadata import version
from typing import Annotated

import httpx
import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from longstop import show
from longstop.examples import shown
from shared.errors import LongstopError
from shared.invalid import said
from shared.settings import description_of

#: Commands by name: the module, and the function or family in it. A module is imported when its command is asked for,
#: for a command line should answer at once.
COMMANDS = {
    "up": ("up", "up"),
    "serve": ("up", "serve"),
    "health": ("up", "health"),
    "report": ("report", "report"),
    "watch": ("watch", "watch"),
    "top": ("top", "top"),
    "case": ("case", "app"),
    "block": ("block", "app"),
    "rules": ("rules", "app"),
    "dead": ("dead", "app"),
    "quarantine": ("quarantine", "app"),
    "digest": ("digest", "app"),
    "purge": ("purge", "app"),
    "export": ("export", "export"),
    "forget": ("forget", "forget"),
    "replay": ("replay", "replay"),
    "republish": ("republish", "republish"),
    "doctor": ("doctor", "doctor"),
    "token": ("token", "app"),
    "webhook": ("webhook", "app"),
    "operator": ("operator", "app"),
    "audit": ("audit", "app"),
    "schema": ("schema", "schema"),
    "demo": ("demo", "demo"),
}


def command_line(asked: str) -> typer.Typer:
    """The command line with the command that is asked for, or, for help, with all of them."""
    app = typer.Typer(
        name="longstop",
        help="Handles the malicious mail that a gateway let through.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_whole)  # one command alone would lose its name
    for name in [asked] if asked in COMMANDS else COMMANDS:
        module, attribute = COMMANDS[name]
        found = getattr(import_module(f"longstop.commands.{module}"), attribute)
        if isinstance(found, typer.Typer):
            for inner in found.registered_commands:
                inner.epilog = shown(f"{name} {inner.name or getattr(inner.callback, '__name__', '')}")
            app.add_typer(found, name=name, epilog=shown(name))
        else:
            app.command(name, hidden=name == "health", epilog=shown(name))(found)
    return app


def _tell_version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"{version('longstop')}\n")
        raise typer.Exit


def _whole(
    told: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_tell_version, is_eager=True)
    ] = False,
) -> None:
    """What stands before every command."""


def main() -> None:
    """Run the command line; a failure is one line, never a traceback."""
    try:
        command_line(sys.argv[1] if len(sys.argv) > 1 else "")()
    except ValidationError as error:
        _fail("; ".join(map(_setting, error.errors(include_input=False))))
    except _expected() as error:
        _fail(str(error) or type(error).__name__)
    except httpx.HTTPError as error:
        _fail(f"{error.request.url.host}:{error.request.url.port} does not answer: is `longstop up` running?")
    except KeyboardInterrupt:
        sys.exit(130)


def _setting(fault: ErrorDetails) -> str:
    """What is wrong with a setting; of one that has a form, what it is for and what it looks like."""
    words = said(fault)
    if not fault["loc"]:
        return words  # of settings that do not go together; it names them
    name = "_".join(map(str, fault["loc"]))
    if fault["type"] == "string_pattern_mismatch":
        words = f"this is not what it may be: {description_of(name)}"
    return f"LONGSTOP_{name.upper()}: {words}"


def _expected() -> tuple[type[Exception], ...]:
    """What ends a command with one line. Redis' client takes long to import: where nobody did, nothing of it was raised."""
    client = sys.modules.get("redis.exceptions")
    return (LongstopError, ValueError, RuntimeError, OSError, *([client.RedisError] if client else []))


def _fail(reason: str) -> None:
    show.say(f"longstop: {reason}")
    sys.exit(1)


if __name__ == "__main__":
    main()
