"""The settings of ingest."""

from pathlib import Path

from pydantic import Field, SecretStr, field_validator, model_validator

from services.ingest.accounts import account_of
from shared.settings import Settings, Words, known_networks, split_words


class IngestSettings(Settings):
    """Doors and limits."""

    ingest_port: int = Field(default=8081, ge=0, le=65535, description="HTTP port of ingest")
    smtp_port: int = Field(default=2525, ge=0, le=65535, description="SMTP port of the report and quarantine mailboxes")
    lmtp_port: int = Field(default=2424, ge=0, le=65535, description="LMTP port of the report mailboxes")
    held_lmtp_port: int = Field(
        default=2425, ge=0, le=65535, description="LMTP port of held mail, which comes with its original envelope"
    )
    imap_url: SecretStr = Field(
        default=SecretStr(""),
        description="`imaps://USER:PASSWORD@HOST/FOLDER` (or `imap://` with STARTTLS): a mailbox of reports that is watched; "
        "what was taken moves to the folder Taken, what carries no report to Refused",
    )
    smtp_networks: Words = Field(
        default=("127.0.0.0/8", "::1/128"),
        description="networks whose clients may hand in mail by SMTP and LMTP, comma-separated: your gateway's",
    )
    smtp_tls_cert: Path | None = Field(
        default=None, description="certificate chain (PEM) for STARTTLS by SMTP and LMTP; read again when it is renewed"
    )
    smtp_tls_key: Path | None = Field(default=None, description="its key (PEM)")
    reporter_per_hour: int = Field(
        default=0,
        ge=0,
        description="reports that are taken from one reporter in an hour, by each replica; 0: any number",
    )
    client_per_minute: int = Field(
        default=0,
        ge=0,
        description="reports that are taken from one client address in a minute, by each replica; 0: any number",
    )
    mail_max_bytes: int = Field(
        default=25 * 1024 * 1024, ge=1024, le=36 * 1024 * 1024, description="largest mail that is taken, in bytes"
    )
    authserv_ids: Words = Field(
        default=(),
        description="authserv-ids (RFC 8601) of your own gateways, comma-separated: only their Authentication-Results are "
        "believed; empty: the topmost one is",
    )
    simulation_headers: Words = Field(
        default=(),
        description="`Name: value` headers that mark your own phishing simulations, comma-separated, compared exactly",
    )
    keep_mails_days: int = Field(
        default=90,
        ge=1,
        description="days that the raw mails of reports are kept; held mails go when nobody can ask for them",
    )
    retention_days: int = Field(default=30, ge=1, le=365, description="days that held mail waits for its recipients")

    _split = field_validator("smtp_networks", "authserv_ids", "simulation_headers", mode="before")(split_words)

    @model_validator(mode="after")
    def _whole_pair(self) -> "IngestSettings":
        if (self.smtp_tls_cert is None) is not (self.smtp_tls_key is None):
            raise ValueError("smtp_tls_cert and smtp_tls_key belong together")
        return self

    @field_validator("imap_url")
    @classmethod
    def _imap(cls, url: SecretStr) -> SecretStr:
        if url.get_secret_value():
            account_of(url.get_secret_value())
        return url

    _networks = field_validator("smtp_networks")(known_networks)
