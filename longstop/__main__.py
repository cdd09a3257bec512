"""The command `longstop`. Exit codes: 0 done, 1 it failed (the reason in one line on stderr), 2 wrong usage."""

import sys

import httpx
import typer
from pydantic import ValidationError
from redis.exceptions import RedisError

from longstop import show
from longstop.commands import block, dead, demo, digest, doctor, report, schema, up, watch
from shared.errors import LongstopError

app = typer.Typer(
    name="longstop",
    help="Handles the malicious mail that a gateway let through.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("up")(up.up)
app.command("serve")(up.serve)
app.command("health", hidden=True)(up.health)
app.command("report")(report.report)
app.command("watch")(watch.watch)
app.command("demo")(demo.demo)
app.command("doctor")(doctor.doctor)
app.command("schema")(schema.schema)
app.add_typer(block.app, name="block")
app.add_typer(dead.app, name="dead")
app.add_typer(digest.app, name="digest")


def main() -> None:
    """Run the command line; a failure is one line, never a traceback."""
    try:
        app()
    except ValidationError as error:
        faults = (f"LONGSTOP_{'_'.join(map(str, fault['loc'])).upper()}: {fault['msg']}" for fault in error.errors())
        _fail("; ".join(faults))
    except (LongstopError, ValueError, RuntimeError, RedisError, OSError) as error:
        _fail(str(error) or type(error).__name__)
    except httpx.HTTPError as error:
        _fail(f"{error.request.url.host}:{error.request.url.port} does not answer: is `longstop up` running?")
    except KeyboardInterrupt:
        sys.exit(130)


def _fail(reason: str) -> None:
    show.say(f"longstop: {reason}")
    sys.exit(1)


if __name__ == "__main__":
    main()
