"""Settings: environment variables `LONGSTOP_*` (or a `.env` file), read once at start, frozen.

A secret `NAME` may also be given as `NAME_FILE`, the path of a file whose content is the value. Each service adds a
settings class of its own in its `settings.py`; `docs/settings.md` is made from these classes.
"""

import ipaddress
import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.secret_files import kept_secret, secret_of, variables

Words = Annotated[tuple[str, ...], NoDecode]


def split_words(value: object) -> object:
    """A comma-separated setting as a tuple of its words."""
    if isinstance(value, str):
        return tuple(word.strip() for word in value.split(",") if word.strip())
    return value


def known_networks(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words, when each is a network.

    Raises:
        ValueError: one is none.
    """
    for word in words:
        ipaddress.ip_network(word)
    return words


class Settings(BaseSettings):
    """What every service reads."""

    model_config = SettingsConfigDict(
        env_prefix="LONGSTOP_", env_file=".env", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    redis_url: str = Field(
        default="",
        description="`redis://`, `rediss://`, `redis+sentinel://HOST:PORT,HOST:PORT/MASTER/0` or `unix://`; `?password_file=PATH` keeps "
        "the password out of it; empty: `longstop up` starts and owns an embedded server",
    )
    database_url: str = Field(
        default="",
        description="`sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST/DATABASE`; `?password_file=PATH` keeps the password out "
        "of it; `{service}` in it is replaced by the service's name; empty: one SQLite file for each service under the data dir",
    )
    blob_url: str = Field(
        default="",
        pattern=r"^((file:///|s3://).+)?$",
        description="raw mails: `file:///PATH`, or `s3://BUCKET/PREFIX?endpoint=URL&region=NAME` with credentials as every S3 client "
        "finds them (`AWS_ACCESS_KEY_ID`, …); empty: `blobs` under the data dir",
    )
    data_dir: Path = Field(default=Path("data"), description="everything embedded lives here")
    secret_key: SecretStr = Field(
        default=SecretStr(""),
        description="signs action links and sessions; several, comma-separated, for rotation (the first one signs); "
        "made on first start in the data dir when empty",
    )
    api_token: SecretStr = Field(
        default=SecretStr(""),
        description="bearer token of the HTTP doors and the console; made on first start in the data dir when "
        "everything is bound to loopback, required otherwise",
    )
    own_domains: Words = Field(
        default=(),
        description="the organisation's mail domains, comma-separated (reporters, recipients, never blocked)",
    )
    stream_prefix: str = Field(
        default="longstop",
        pattern=r"^[a-z0-9_.-]{1,40}$",
        description="prefix of stream names and keys: small letters, digits and `_.-`",
    )
    bind: str = Field(default="127.0.0.1", description="the address that every port listens on")
    trusted_proxies: Words = Field(
        default=(),
        description="networks of reverse proxies, comma-separated, whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed",
    )
    log_level: str = Field(
        default="info",
        pattern="^(debug|info|warning|error)$",
        description="least level of log lines: debug, info, warning or error",
    )
    replica: str = Field(
        default_factory=lambda: os.uname().nodename,
        max_length=100,
        description="this process's name among replicas of a service; default: the host's name",
    )
    batch_max: int = Field(default=200, ge=1, le=1000, description="events handled in one transaction")
    attempts_max: int = Field(
        default=5, ge=1, le=100, description="deliveries of an event before it becomes a dead letter"
    )
    claim_idle_ms: int = Field(
        default=30_000, ge=100, description="an event pending this long, in milliseconds, is taken over from its reader"
    )
    retry_base_ms: int = Field(
        default=1_000,
        ge=10,
        description="first delay between attempts at one event; doubles with each, up to five minutes",
    )

    keep_facts_days: int = Field(
        default=365,
        ge=1,
        description="days that facts of mails are kept: subjects, addresses and verdicts in the console, digests, analyses",
    )
    halt_after: int = Field(
        default=20,
        ge=1,
        description="a reader stands still, with an alarm, after so many events in a row have died of faults",
    )
    outbox_max: int = Field(
        default=100_000,
        ge=1,
        description="doors say 451 and 503 while more events than this wait to be published",
    )
    disk_min_mb: int = Field(
        default=200,
        ge=0,
        description="doors say 451 and 503 while less than this is free, in MiB, where mails are kept",
    )
    stream_keep_entries: int = Field(
        default=10_000,
        ge=1,
        description="entries of a stream that are kept for those who look back; never less than its slowest reader needs",
    )
    stream_keep_hours: float = Field(
        default=24, gt=0, description="entries older than this go, in hours; never before its slowest reader has them"
    )
    stream_alarm_entries: int = Field(
        default=200_000, ge=1, description="a stream longer than this is told in the log: some reader is behind"
    )
    keeper_every_s: float = Field(
        default=2, gt=0, le=60, description="how often streams and outboxes are looked after, in seconds"
    )

    _split_lists = field_validator("own_domains", "trusted_proxies", mode="before")(split_words)
    _networks = field_validator("trusted_proxies")(known_networks)

    @field_validator("own_domains")
    @classmethod
    def _lower(cls, domains: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(domain.lower().strip(".") for domain in domains)

    @model_validator(mode="before")
    @classmethod
    def _read_files(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Fill `NAME` from the file that `LONGSTOP_NAME_FILE` names."""
        said = variables()
        unset = (
            name for name, field in cls.model_fields.items() if field.annotation is SecretStr and not values.get(name)
        )
        return values | {name: secret for name in unset if (secret := secret_of(name, said))}

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the ports."""
        return self.bind == "localhost" or ipaddress.ip_address(self.bind).is_loopback

    def database_url_of(self, service: str) -> str:
        """The database of one service."""
        url = self.database_url or f"sqlite:///{self.data_dir.resolve()}/db/{{service}}.db"
        return url.replace("{service}", service)

    def blobs_at(self) -> str:
        """The URL of the blob store."""
        return self.blob_url or f"file://{self.data_dir.resolve()}/blobs"

    def blob_dir(self) -> Path:
        """The folder whose disk must not be full: of the blobs, or of everything else when they are objects."""
        url = self.blobs_at()
        return Path(url.removeprefix("file://")) if url.startswith("file://") else self.data_dir.resolve()

    def secret_keys(self) -> list[str]:
        """The signing keys, the current one first; made and kept in the data dir when none is set."""
        given = [key for key in self.secret_key.get_secret_value().split(",") if key]
        return given or [kept_secret(self.data_dir / "secret.key")]

    def bearer_token(self) -> str:
        """The API token; made and kept in the data dir when none is set.

        Raises:
            ValueError: none is set and the ports are not on loopback.
        """
        if token := self.api_token.get_secret_value():
            return token
        if not self.on_loopback:
            raise ValueError(
                f"LONGSTOP_BIND is {self.bind}, so every door needs a token: set LONGSTOP_API_TOKEN or LONGSTOP_API_TOKEN_FILE"
            )
        return kept_secret(self.data_dir / "api.token")

    def door_token(self) -> str:
        """The token that doors ask for: none on loopback."""
        return "" if self.on_loopback else self.bearer_token()


def description_of(name: str, of: type[Settings] = Settings) -> str:
    """What a setting is, whichever service reads it; nothing of one that is not known."""
    if name in of.model_fields:
        return of.model_fields[name].description or ""
    return next(filter(None, (description_of(name, heir) for heir in of.__subclasses__())), "")


class LinkSettings(Settings):
    """What services read that make or accept the links in mails."""

    public_url: str = Field(
        default="http://127.0.0.1:8083",
        pattern=r"^https?://",
        description="base of the links in mails, as people reach it",
    )
    link_key: SecretStr = Field(
        default=SecretStr(""),
        description="signs the links in mails, in place of LONGSTOP_SECRET_KEY: a portal that runs apart then knows no key that "
        "opens anything else; several, comma-separated, for rotation (the first one signs)",
    )

    def link_keys(self) -> list[str]:
        """The keys of links, the current one first."""
        given = [key for key in self.link_key.get_secret_value().split(",") if key]
        return given or self.secret_keys()


class MailSettings(Settings):
    """What services that send mail read besides."""

    smtp_out_url: str = Field(
        default="",
        pattern=r"^(smtps?://.+)?$",
        description="`smtp://HOST:PORT` that takes digests and answers; empty: they are written as `.eml` under `outbox` in the "
        "data dir",
    )
    mail_from: str = Field(
        default="Longstop <longstop@localhost>", max_length=320, description="From of digests and answers"
    )
