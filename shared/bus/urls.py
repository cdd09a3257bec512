"""How Redis is reached: LONGSTOP_REDIS_URL becomes a pool of connections. Nothing else in Longstop reads that URL.

```
redis://USER:PASSWORD@HOST:PORT/DB                    rediss://...             the same by TLS
redis+sentinel://USER:PASSWORD@HOST:PORT,HOST:PORT/MASTER/DB                   rediss+sentinel://...
unix://USER:PASSWORD@/PATH?db=DB
```

Behind a Sentinel the master is asked for at each new connection, and a connection to a server that has become a replica is
closed at its first write: so clients follow a failover by themselves.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from redis.asyncio.connection import ConnectionPool, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel, SentinelConnectionPool

REDIS_PORT, SENTINEL_PORT = 6379, 26379

SCHEMES = ("redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel")

#: Parameters for every URL, for those by TLS (by the names that redis-py gives them), and for Sentinel.
PARAMETERS = ("db", "password_file")
TLS_PARAMETERS = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname")
SENTINEL_PARAMETERS = ("sentinel_username", "sentinel_password", "sentinel_password_file")

CHOICES = {"ssl_cert_reqs": ("required", "none"), "ssl_check_hostname": ("true", "false")}

Options = dict[str, Any]


def make_pool(url: str, options: Mapping[str, Any]) -> ConnectionPool:
    """The connections that a URL describes; none is opened yet. `options` are for each of them.

    Raises:
        ValueError: the URL is wrong; the text says how, and holds nothing of the URL that may be secret.
    """
    try:
        return _pool(url, options)
    except _WrongUrlError as wrong:
        raise ValueError(
            f"LONGSTOP_REDIS_URL: {wrong}. It is redis://USER:PASSWORD@HOST:PORT/DB, rediss:// for TLS, unix:///PATH, or "
            "redis+sentinel://USER:PASSWORD@HOST:PORT,HOST:PORT/MASTER/DB; signs such as / @ # ? % in a password are "
            "percent-encoded"
        ) from None


class _WrongUrlError(Exception):
    pass


class _Sentinels(Sentinel):
    """redis-py's Sentinels with fewer words: they would name every option of every connection."""

    async def discover_master(self, service_name: str) -> tuple[str, int]:
        try:
            host, port = await super().discover_master(service_name)
        except MasterNotFoundError:
            raise MasterNotFoundError(f"no Sentinel answers, or none has a master named {service_name}") from None
        return host, port


class _MasterPool(SentinelConnectionPool):
    """Connections to the master; closing them closes those to the Sentinels too."""

    async def aclose(self) -> None:
        await super().aclose()
        await self.sentinel_manager.aclose()


def _pool(url: str, options: Mapping[str, Any]) -> ConnectionPool:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise _WrongUrlError("it cannot be read as a URL") from None
    if parts.scheme not in SCHEMES:
        raise _WrongUrlError("it starts with none of the schemes" if url else "it is empty")
    tls, sentinel = parts.scheme.startswith("rediss"), parts.scheme.endswith("+sentinel")
    query = _query(parts, PARAMETERS + TLS_PARAMETERS * tls + SENTINEL_PARAMETERS * sentinel)
    place, login = _login(parts, query)
    secured = _tls(query) if tls else {}
    common = {**options, **secured, **login}
    path = unquote(parts.path)
    if parts.scheme == "unix":
        if place or not path:
            raise _WrongUrlError("after unix:// comes the absolute path of a socket")
        return ConnectionPool(
            connection_class=UnixDomainSocketConnection, path=path, db=_db(query.get("db", "")), **common
        )
    if sentinel:
        secured |= {"ssl": True} if tls else {}
        return _master_pool(place, path, query, {**options, **secured}, {**common, **secured})
    host, port = _host(place, REDIS_PORT)
    if tls:
        common["connection_class"] = SSLConnection
    return ConnectionPool(host=host, port=port, db=_db(query.get("db") or path.strip("/")), **common)


def _master_pool(
    place: str, path: str, query: Mapping[str, str], to_sentinel: Options, to_master: Options
) -> ConnectionPool:
    master, _, db = path.strip("/").partition("/")
    if not master:
        raise _WrongUrlError("after the Sentinels comes the name of the master that they watch")
    password = _secret(query.get("sentinel_password"), query.get("sentinel_password_file"))
    login = {"username": query.get("sentinel_username"), "password": password}
    sentinel, pool = cast("Any", _Sentinels), cast("Any", _MasterPool)  # redis-py leaves their parameters without types
    manager = sentinel([_host(one, SENTINEL_PORT) for one in place.split(",")], sentinel_kwargs=to_sentinel | login)
    return cast("ConnectionPool", pool(master, manager, db=_db(query.get("db") or db), **to_master))


def _query(parts: SplitResult, allowed: tuple[str, ...]) -> dict[str, str]:
    """The parameters, each of them one that may be there."""
    if parts.fragment:
        raise _WrongUrlError("there is a # in it")
    given = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if not given.keys() <= set(allowed):
        raise _WrongUrlError(f"after the ? may come, with this scheme, only {', '.join(allowed)}")
    for name, choices in CHOICES.items():
        if name in given and given[name] not in choices:
            raise _WrongUrlError(f"{name} is {' or '.join(choices)}")
    return given


def _login(parts: SplitResult, query: Mapping[str, str]) -> tuple[str, Options]:
    """What comes after the login, and the login."""
    login, _, place = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    secret = _secret(unquote(password), query.get("password_file"))
    if user and not secret:
        raise _WrongUrlError("there is a user without a password")
    return place, {"username": unquote(user) or None, "password": secret}


def _secret(given: str | None, file: str | None) -> str | None:
    if given and file:
        raise _WrongUrlError("a password is given twice, in the URL and as a file")
    return Path(_readable(file)).read_text(encoding="utf-8").strip() if file else given or None


def _tls(query: Mapping[str, str]) -> Options:
    for name in ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile"):
        if name in query:
            _readable(query[name])
    given = {name: value for name, value in query.items() if name in TLS_PARAMETERS}
    return {"ssl_cert_reqs": "required", **given, "ssl_check_hostname": given.get("ssl_check_hostname") != "false"}


def _readable(file: str) -> str:
    try:
        with Path(file).open("rb"):
            return file
    except OSError as error:
        raise _WrongUrlError(f"{file} cannot be read ({error.strerror})") from None


def _host(place: str, port: int) -> tuple[str, int]:
    match = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([^\s:@\[\]]+))(?::([0-9]{1,5}))?", unquote(place))
    if not match:
        raise _WrongUrlError("HOST:PORT cannot be read")
    return match[1] or match[2], int(match[3] or port)


def _db(text: str) -> int:
    if text and not re.fullmatch(r"[0-9]{1,5}", text):
        raise _WrongUrlError("the number of the database is no number")
    return int(text or 0)
