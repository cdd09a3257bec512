"""Sign-in by OpenID Connect: authorization code with PKCE (RFC 7636), state and nonce, by Authlib.

What has to be remembered until the provider sends the browser back is in a signed cookie of that browser, for ten minutes.
"""

import warnings
from typing import Any

from fastapi import Request, Response
from httpx import HTTPError
from itsdangerous import BadData, URLSafeTimedSerializer

from services.console.access.proxies import NAME_MAX
from services.console.rules.access import Person, role_of
from services.console.settings import ConsoleSettings
from shared.errors import Defer, Reject

with warnings.catch_warnings(record=True):  # that it prefers httpx's successor is nothing that an operator can mend
    from authlib.integrations.starlette_client import OAuth, OAuthError
    from joserfc.errors import JoseError

#: The cookie of a sign-in that has begun, and how long it may take, in seconds.
COOKIE, SECONDS_MAX = "longstop_signing_in", 600

#: Longest wait for the provider, in seconds.
PATIENCE_S = 10.0

#: Signatures that a provider makes with a key of its own (RFC 7518, section 3.1; RFC 8037): not `none`, not a shared secret.
ALGORITHMS = ("RS", "ES", "PS", "EdDSA", "Ed25519")


class Provider:
    """The organisation's identity provider."""

    def __init__(self, settings: ConsoleSettings) -> None:
        self._settings = settings
        self._signer = URLSafeTimedSerializer(
            list(reversed(settings.secret_keys())), salt="longstop.console.signing-in"
        )
        self._client = OAuth().register(
            "provider",
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret.get_secret_value() or None,
            server_metadata_url=f"{settings.oidc_issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={"scope": settings.oidc_scopes, "code_challenge_method": "S256", "timeout": PATIENCE_S},
            token_endpoint_auth_method=None if settings.oidc_client_secret.get_secret_value() else "none",
        )

    async def begin(self, request: Request, back: str, *, is_https: bool) -> Response:
        """Send the browser to the provider, to come back to the URL `back`.

        Raises:
            Defer: the provider does not answer.
        """
        await self._metadata()
        request.scope["session"] = {}
        answer: Response = await self._client.authorize_redirect(request, back)
        answer.set_cookie(
            COOKIE,
            str(self._signer.dumps(request.session)),
            max_age=SECONDS_MAX,
            path="/sign-in/provider",
            httponly=True,
            samesite="lax",  # the browser comes back from another site
            secure=is_https,
        )
        return answer

    async def end(self, request: Request, address: str) -> Person:
        """Who has come back.

        Raises:
            Reject: the provider's answer, its signature, issuer, audience, nonce or state is wrong, or the person has no role.
            Defer: the provider does not answer.
        """
        metadata = await self._metadata()
        try:
            request.scope["session"] = self._signer.loads(request.cookies.get(COOKIE, "")[:4096], max_age=SECONDS_MAX)
            wanted = {
                "iss": {"essential": True, "value": metadata["issuer"]},
                "aud": {"essential": True, "value": self._settings.oidc_client_id},
            }
            token = await self._client.authorize_access_token(request, claims_options=wanted)
            return await self._person(token, address)
        except (OAuthError, JoseError, BadData, ValueError, TypeError, KeyError, AttributeError) as error:
            raise Reject(f"the provider's answer is not good: {type(error).__name__}") from error
        except HTTPError as error:
            raise Defer("the identity provider does not answer") from error

    async def _person(self, token: dict[str, Any], address: str) -> Person:
        claims = dict(token["userinfo"])  # the ID token's claims, checked
        settings = self._settings
        if settings.oidc_groups_claim not in claims and "userinfo_endpoint" in self._client.server_metadata:
            more = await self._client.userinfo(token=token)
            if more.get("sub") != claims["sub"]:  # OpenID Connect Core, section 5.3.2
                raise ValueError("the claims are of somebody else")
            claims = {**more, **claims}
        groups = claims.get(settings.oidc_groups_claim, [])
        words = groups.split(",") if isinstance(groups, str) else groups
        role = role_of([str(word).strip() for word in words], settings.groups_by_role(), settings.default_role or None)
        name = str(claims.get(settings.oidc_name_claim) or claims["sub"])
        if role is None:
            raise Reject("this person has no role: see LONGSTOP_VIEWER_GROUPS and the like")
        if len(name) > NAME_MAX or not name.isprintable():
            raise ValueError("that is no name")
        return Person(name, role, via="oidc", address=address)

    async def _metadata(self) -> dict[str, Any]:
        """What the provider says of itself; that it is who it should be (OpenID Connect Discovery, section 4.3).

        Raises:
            Defer: it does not answer.
            Reject: it is another issuer.
        """
        try:
            metadata: dict[str, Any] = await self._client.load_server_metadata()
        except (HTTPError, ValueError) as error:
            raise Defer("the identity provider does not answer") from error
        if str(metadata.get("issuer", "")).rstrip("/") != self._settings.oidc_issuer.rstrip("/"):
            raise Reject("LONGSTOP_OIDC_ISSUER names another issuer than the provider itself")
        told = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        metadata["id_token_signing_alg_values_supported"] = [one for one in told if one.startswith(ALGORITHMS)]
        return metadata
