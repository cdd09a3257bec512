"""The settings of the console."""

from typing import Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from services.console.rules.access import ROLES, Role
from shared.settings import Settings, Words, split_words


class ConsoleSettings(Settings):
    """Its one door, and who is let in."""

    console_port: int = Field(default=8080, ge=0, le=65535, description="HTTP port of the console")
    console_url: str = Field(
        default="",
        pattern=r"^(https?://[^/?#]+)?$",
        description="where browsers find the console, for example `https://longstop.example.org`; needed for sign-in by OpenID "
        "Connect behind a proxy",
    )
    proxy_user_header: str = Field(
        default="",
        max_length=100,
        pattern=r"^[A-Za-z0-9-]*$",
        description="header in which a trusted proxy names who has signed in there; empty: none is believed",
    )
    proxy_groups_header: str = Field(
        default="",
        max_length=100,
        pattern=r"^[A-Za-z0-9-]*$",
        description="header in which it names their groups, comma-separated",
    )
    proxy_secret: SecretStr = Field(
        default=SecretStr(""),
        description="when set, the proxy's word counts only with this in the header `X-Longstop-Proxy-Secret`",
    )
    local_accounts: bool = Field(default=True, description="sign-in by accounts of the console's own, with a password")
    session_hours: float = Field(default=12, gt=0, le=720, description="hours after which a session ends in any case")
    session_idle_minutes: float = Field(
        default=60, ge=2, le=43_200, description="minutes without a request after which a session ends"
    )
    oidc_issuer: str = Field(
        default="",
        pattern=r"^(https?://.+)?$",
        description="OpenID Connect: the issuer, under which `/.well-known/openid-configuration` is found; empty: no such sign-in",
    )
    oidc_client_id: str = Field(default="", max_length=255, description="OpenID Connect: this console's client id")
    oidc_client_secret: SecretStr = Field(
        default=SecretStr(""), description="OpenID Connect: its secret; empty for a public client (PKCE is used always)"
    )
    oidc_scopes: str = Field(
        default="openid profile email", max_length=200, description="OpenID Connect: scopes asked for"
    )
    oidc_name_claim: str = Field(
        default="preferred_username",
        max_length=100,
        description="OpenID Connect: the claim that names a person; `sub` when it is not there",
    )
    oidc_groups_claim: str = Field(
        default="groups", max_length=100, description="OpenID Connect: the claim that lists groups or roles"
    )
    viewer_groups: Words = Field(default=(), description="groups (OpenID Connect, proxy) whose members are viewers")
    analyst_groups: Words = Field(default=(), description="groups whose members are analysts")
    admin_groups: Words = Field(default=(), description="groups whose members are admins")
    default_role: Literal["", "viewer", "analyst", "admin"] = Field(
        default="",
        description="the role of who signs in by OpenID Connect or proxy without any of these groups; empty: none",
    )

    _split_access = field_validator("viewer_groups", "analyst_groups", "admin_groups", mode="before")(split_words)

    @model_validator(mode="after")
    def _whole(self) -> "ConsoleSettings":
        if self.proxy_user_header and not self.trusted_proxies:
            raise ValueError("LONGSTOP_PROXY_USER_HEADER needs LONGSTOP_TRUSTED_PROXIES: whose word is it?")
        if self.oidc_issuer and not self.oidc_client_id:
            raise ValueError("LONGSTOP_OIDC_ISSUER needs LONGSTOP_OIDC_CLIENT_ID")
        return self

    def groups_by_role(self) -> dict[Role, tuple[str, ...]]:
        """The groups that give each role."""
        return {role: getattr(self, f"{role}_groups") for role in ROLES}
