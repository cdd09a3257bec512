"""`longstop up`, `longstop serve` and `longstop health`: running the services."""

import asyncio
from dataclasses import replace
from typing import Annotated, Any

import typer

from longstop import health as health_check
from longstop import services as registry
from longstop import show
from longstop.commands.options import DataDir
from longstop.health import PORTS
from longstop.where import Endpoints, bare, data_dir, host_of
from shared import log, run
from shared.embedded import EmbeddedRedis
from shared.settings import Settings


def up(
    data: DataDir = None,
    redis_url: Annotated[str, typer.Option(help="Use this Redis instead of an embedded one.")] = "",
    only: Annotated[str, typer.Option(help="Run only these services, comma-separated.")] = "",
) -> None:
    """Run the services in one process. With a Redis of its own, unless there is a URL of one."""
    names = tuple(word.strip() for word in only.split(",") if word.strip()) or registry.NAMES
    for name in names:
        if name not in registry.NAMES:
            raise typer.BadParameter(
                f"{name} is no service: choose from {', '.join(registry.NAMES)}", param_hint="--only"
            )
    names = registry.with_company(names)
    settings = Settings(data_dir=data_dir(data).resolve())
    log.configure(settings.log_level)
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    asyncio.run(_up(settings, redis_url or settings.redis_url, names))


async def _up(settings: Settings, redis_url: str, names: tuple[str, ...]) -> None:
    server = None if redis_url else EmbeddedRedis(settings.data_dir)
    if server:
        await server.start()
    try:
        url = server.url if server else redis_url
        overrides: dict[str, Any] = {"data_dir": settings.data_dir, "redis_url": url}
        found = registry.services(names)
        ports = {one.name: one.settings(**overrides) for one in found}
        await run.run_services(found, overrides, lambda: _started(settings, _endpoints(url, settings, ports)))
    finally:
        (settings.data_dir / "endpoints.json").unlink(missing_ok=True)
        if server:
            await server.stop()


def _endpoints(url: str, settings: Settings, of: dict[str, Any]) -> Endpoints:
    host = host_of(settings.bind)
    urls: dict[str, Any] = {name: f"http://{host}:{getattr(of[name], PORTS[name][0])}" for name in PORTS if name in of}
    found = Endpoints(redis_url=url, stream_prefix=settings.stream_prefix)
    if "ingest" in of:
        found = replace(found, smtp_port=of["ingest"].smtp_port)
    return replace(found, **urls)


def _started(settings: Settings, found: Endpoints) -> None:
    found.save(settings.data_dir)
    token = settings.data_dir / "api.token"
    settings.bearer_token()
    show.say(f"Longstop is up. Console: {found.console} (token in {token}); reports: {found.ingest}/v1/reports")
    url = bare(found.redis_url)
    redis = f"-s {url.removeprefix('unix:')}" if url.startswith("unix:") else f"-u {url}"
    show.say(f"and SMTP on port {found.smtp_port}; events: redis-cli {redis}, or: longstop watch all")


def serve(name: Annotated[str, typer.Argument(help=f"One of {', '.join(registry.NAMES)}.")]) -> None:
    """Run one service, as its container does."""
    try:
        service = registry.service(name)
    except KeyError:
        raise typer.BadParameter(f"no such service: choose from {', '.join(registry.NAMES)}") from None
    raise typer.Exit(run.serve(service))


def health() -> None:
    """Exit 0 when the service named by LONGSTOP_SERVICE is ready."""
    raise typer.Exit(health_check.main())
