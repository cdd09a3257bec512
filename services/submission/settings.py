"""The settings of submission."""

import os
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from shared.settings import Settings, Words, split_words

ANALYSERS = ("local", "rspamd", "spamassassin", "http", "graph", "stub")


class SubmissionSettings(Settings):
    """Which analysers are asked, and how long they may take."""

    submission_port: int = Field(
        default=8085, ge=0, le=65535, description="HTTP port of submission (health and metrics)"
    )
    analysers: Words = Field(
        default=("local",),
        description=f"analysers to ask, comma-separated: {', '.join(ANALYSERS)} (stub is for trials)",
    )
    analysers_required: Words = Field(
        default=(),
        description="analysers that a verdict waits for, and without which it is neither `clean` nor sure enough to block; "
        "empty: the first of LONGSTOP_ANALYSERS",
    )
    analyser_timeout_s: float = Field(default=30, gt=0, le=600, description="longest time of one analyser, in seconds")
    analyser_patience_s: float = Field(
        default=2,
        ge=0,
        le=600,
        description="how long a verdict waits for analysers that are not required, in seconds; it is revised when they answer",
    )
    revise_hours: float = Field(
        default=24, ge=0, le=720, description="how long analysers that failed or are late are asked again, in hours"
    )
    submission_attempts: int = Field(default=5, ge=1, le=20, description="attempts before the verdict is `unknown`")
    rspamd_url: str = Field(
        default="http://127.0.0.1:11333", description="a normal worker of Rspamd, for analyser `rspamd`"
    )
    rspamd_password: SecretStr = Field(default=SecretStr(""), description="its password, when it asks for one")
    spamd_url: str = Field(
        default="spamd://127.0.0.1:783",
        description="`spamd://HOST:PORT` or `unix:///PATH`, for analyser `spamassassin`",
    )
    http_analyser_url: str = Field(
        default="",
        description="a service of your own, for analyser `http`; docs/analysers.md says what is asked and answered",
    )
    http_analyser_secret: SecretStr = Field(default=SecretStr(""), description="signs what both sides of it send")
    graph_tenant: str = Field(
        default="", description="Microsoft Entra tenant, for analyser `graph`: whole mails go to Microsoft"
    )
    graph_client_id: str = Field(
        default="", description="the application that has ThreatSubmission.ReadWrite.All there"
    )
    graph_client_secret: SecretStr = Field(default=SecretStr(""), description="its secret")
    graph_recipient: str = Field(
        default="", description="recipient to name when a mail names none: Graph checks the policies of one"
    )
    graph_url: str = Field(default="https://graph.microsoft.com/beta", description="base of the Graph API")
    graph_login_url: str = Field(default="https://login.microsoftonline.com", description="where its tokens come from")
    resubmit_pause_s: float = Field(
        default=60,
        ge=0,
        description="a mail is analysed again no sooner than this after it was asked for last, in seconds",
    )
    resubmit_day_max: int = Field(default=20, ge=1, description="how often a mail is analysed again in 24 hours")
    people_file: str = Field(
        default="",
        description="your people, a line each, as `Karin Lund <karin@example.org>`: their names on other addresses are told",
    )
    dkim_keys: str = Field(
        default="",
        description='a file or folder of DNS TXT records (`NAME._domainkey.DOMAIN TXT "v=DKIM1; ..."`) to verify signatures with; '
        "no verdict ever asks the network",
    )
    authserv_ids: Words = Field(
        default=(),
        description="authserv-ids (RFC 8601) of your own gateways, comma-separated: only their Authentication-Results are "
        "believed; empty: the topmost one is",
    )

    _split = field_validator("analysers", "analysers_required", "authserv_ids", mode="before")(split_words)

    @field_validator("analysers", "analysers_required")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in ANALYSERS:
                raise ValueError(f"{name} is no analyser: choose from {', '.join(ANALYSERS)}")
        return names

    @field_validator("people_file", "dkim_keys")
    @classmethod
    def _there(cls, path: str) -> str:
        if path and not os.access(path, os.R_OK):
            raise ValueError(f"{path} cannot be read: name a file that is there, or nothing")
        return path

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needs = {
            "http": ("http_analyser_url", "http_analyser_secret"),
            "graph": ("graph_tenant", "graph_client_id", "graph_client_secret"),
        }
        for analyser in needs.keys() & set(self.analysers):
            for name in needs[analyser]:
                value = getattr(self, name)
                if not (value.get_secret_value() if isinstance(value, SecretStr) else value):
                    raise ValueError(f"analyser {analyser} needs LONGSTOP_{name.upper()}")
        for name in set(self.analysers_required) - set(self.analysers):
            raise ValueError(f"{name} is required, but is not among LONGSTOP_ANALYSERS")
        return self
