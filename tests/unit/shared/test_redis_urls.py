"""LONGSTOP_REDIS_URL: what it may be, and what is said of a wrong one."""

from pathlib import Path
from typing import Any

import pytest
from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.sentinel import SentinelManagedConnection, SentinelManagedSSLConnection

from shared.bus.client import OPTIONS, PatientRedis, connect, connect_patiently
from shared.health import Health

SECRET = "pa55:w0rd"


def how(url: str) -> dict[str, Any]:
    """What every connection of a client is made with."""
    pool = connect(url).connection_pool
    return {**pool.connection_kwargs, "class": pool.connection_class}


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.write_text(f"{SECRET}\n")
    return file


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://h", {"class": Connection, "host": "h", "port": 6379, "db": 0, "password": None}),
        ("redis://h:1/3", {"port": 1, "db": 3}),
        ("redis://h:1?db=3", {"port": 1, "db": 3}),
        ("redis://[::1]:7", {"host": "::1", "port": 7}),
        ("redis://u:pa55%3Aw0rd@h", {"username": "u", "password": SECRET}),
        ("redis://:pw@h", {"username": None, "password": "pw"}),
        ("unix:///run/redis.sock", {"class": UnixDomainSocketConnection, "path": "/run/redis.sock", "db": 0}),
        ("unix://u:pw@/run/redis%20a.sock?db=2", {"username": "u", "path": "/run/redis a.sock", "db": 2}),
        ("rediss://h", {"class": SSLConnection, "ssl_cert_reqs": "required", "ssl_check_hostname": True}),
        ("rediss://h?ssl_check_hostname=false", {"ssl_check_hostname": False}),
        ("rediss://h?ssl_cert_reqs=none", {"ssl_cert_reqs": "none"}),
    ],
)
def test_a_url_says_how_redis_is_reached(url: str, expected: dict[str, Any]) -> None:
    made = how(url)
    assert {name: made.get(name) for name in expected} == expected
    assert {name: made[name] for name in OPTIONS} == OPTIONS


def test_a_password_may_be_in_a_file(secret_file: Path) -> None:
    made = how(f"redis://ingest@h?password_file={secret_file}")
    assert (made["username"], made["password"]) == ("ingest", SECRET)


def test_certificates_are_files(tmp_path: Path) -> None:
    names = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
    for name in names:
        (tmp_path / name).touch()
    made = how("rediss://h?" + "&".join(f"{name}={tmp_path / name}" for name in names))
    assert {name: made[name] for name in names} == {name: str(tmp_path / name) for name in names}


def test_sentinels_are_asked_for_the_master(secret_file: Path) -> None:
    url = f"redis+sentinel://u:pw@a,b:2,[::1]:3/queue/4?sentinel_username=w&sentinel_password_file={secret_file}"
    pool: Any = connect(url).connection_pool
    assert pool.connection_class is SentinelManagedConnection
    assert (pool.service_name, pool.connection_kwargs["db"]) == ("queue", 4)
    assert (pool.connection_kwargs["username"], pool.connection_kwargs["password"]) == ("u", "pw")
    asked = [sentinel.connection_pool.connection_kwargs for sentinel in pool.sentinel_manager.sentinels]
    assert [(one["host"], one["port"]) for one in asked] == [("a", 26379), ("b", 2), ("::1", 3)]
    assert {(one["username"], one["password"]) for one in asked} == {("w", SECRET)}
    assert {one["socket_timeout"] for one in asked} == {OPTIONS["socket_timeout"]}


def test_sentinels_by_tls_mean_the_master_by_tls_too() -> None:
    pool: Any = connect("rediss+sentinel://a/queue").connection_pool
    assert pool.connection_class is SentinelManagedSSLConnection
    assert pool.sentinel_manager.sentinels[0].connection_pool.connection_class is SSLConnection


def test_readers_reach_it_the_same_way() -> None:
    client = connect_patiently("rediss+sentinel://u:pw@a/queue", "triage", Health())
    assert isinstance(client, PatientRedis)
    assert client.service == "triage"
    assert client.connection_pool.connection_class is SentinelManagedSSLConnection


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "it is empty"),
        ("localhost:6379", "none of the schemes"),
        (f"http://u:{SECRET}@h", "none of the schemes"),
        (f"redis://u:{SECRET}@h:port", "HOST:PORT"),
        ("redis://", "HOST:PORT"),
        ("redis://a b", "HOST:PORT"),
        (f"redis://u:{SECRET}/x@h", "HOST:PORT"),
        (f"redis://u:{SECRET}#x@h", "#"),
        (f"redis://u:{SECRET}?x@h", "HOST:PORT"),
        (f"redis://u:{SECRET}@[h", "cannot be read as a URL"),
        ("redis://h/zero", "number of the database"),
        ("redis://u@h", "without a password"),
        ("redis://h?protocol=3", "only db, password_file"),
        ("redis://h?ssl_ca_certs=ca.pem", "only db, password_file"),
        (f"rediss://u:{SECRET}@h?ssl_ca_certs=nowhere.pem", "nowhere.pem cannot be read"),
        ("rediss://h?ssl_cert_reqs=perhaps", "required or none"),
        ("redis://h?password_file=nowhere", "nowhere cannot be read"),
        ("unix://run/redis.sock", "path of a socket"),
        ("unix://", "path of a socket"),
        (f"redis+sentinel://u:{SECRET}@a,b", "name of the master"),
        (f"redis+sentinel://u:{SECRET}@a,,b/queue", "HOST:PORT"),
    ],
)
def test_a_wrong_url_is_one_clear_error_without_its_secrets(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r"LONGSTOP_REDIS_URL: .*redis\+sentinel://") as caught:
        connect(url)
    assert reason in str(caught.value)
    assert SECRET not in str(caught.value)
    assert "pa55" not in str(caught.value)
    with pytest.raises(ValueError, match="LONGSTOP_REDIS_URL"):
        connect_patiently(url, "triage", Health())


def test_a_password_is_not_given_twice(secret_file: Path) -> None:
    with pytest.raises(ValueError, match="given twice"):
        connect(f"redis://u:{SECRET}@h?password_file={secret_file}")
