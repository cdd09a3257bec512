"""An OpenID Connect provider for tests, as strict as a real one: code flow, PKCE, one use of a code, signed ID tokens.

`lie` makes its ID tokens wrong in one way each: what a client must not accept.
"""

import base64
import hashlib
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import FastAPI, Form, HTTPException, Request
from fastapi.responses import RedirectResponse
from joserfc import jwt
from joserfc.jwk import RSAKey

from shared.web import HttpServer
from tests.services import free_port

CLIENT_ID, CLIENT_SECRET = "longstop", "a secret of the client"


class OidcProvider:
    """One provider with one person, who always signs in."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}/realms/example"
        self.claims: dict[str, Any] = {"sub": "u-1", "preferred_username": "ana", "groups": ["soc"]}
        self.lie = ""
        self.redirect_uri = ""
        self.key = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"}, private=True)
        self._other = RSAKey.generate_key(2048, {"kid": "k1"}, private=True)
        self._codes: dict[str, dict[str, str]] = {}

    def app(self) -> FastAPI:
        app = FastAPI()
        app.get("/realms/example/.well-known/openid-configuration")(self.discovery)
        app.get("/realms/example/jwks")(self.jwks)
        app.get("/realms/example/authorize")(self.authorize)
        app.post("/realms/example/token")(self.token)
        return app

    async def discovery(self) -> dict[str, Any]:
        return {
            "issuer": "https://elsewhere.example" if self.lie == "issuer of the metadata" else self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "none", "HS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    async def jwks(self) -> dict[str, Any]:
        return {"keys": [self.key.as_dict(private=False)]}

    async def authorize(self, request: Request) -> RedirectResponse:
        asked = dict(request.query_params)
        wanted = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": self.redirect_uri,
            "code_challenge_method": "S256",
        }
        for name, value in wanted.items():
            if asked.get(name) != value:
                raise HTTPException(400, f"{name} is {asked.get(name)}")
        if "openid" not in asked["scope"].split() or not asked.get("nonce") or not asked.get("state"):
            raise HTTPException(400, "scope, nonce or state is missing")
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        return RedirectResponse(f"{self.redirect_uri}?{urlencode({'code': code, 'state': asked['state']})}", 302)

    async def token(
        self,
        request: Request,
        grant_type: Annotated[str, Form()],
        code: Annotated[str, Form()],
        redirect_uri: Annotated[str, Form()],
        code_verifier: Annotated[str, Form()],
    ) -> dict[str, Any]:
        known = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {known}":
            raise HTTPException(401, "invalid_client")
        asked = self._codes.pop(code, None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(code_verifier.encode()).digest()).rstrip(b"=").decode()
        if (
            asked is None
            or grant_type != "authorization_code"
            or redirect_uri != asked["redirect_uri"]
            or challenge != asked["code_challenge"]
        ):
            raise HTTPException(400, "invalid_grant")
        return {
            "access_token": "at",
            "token_type": "Bearer",
            "expires_in": 60,
            "id_token": self._id_token(asked["nonce"]),
        }

    def _id_token(self, nonce: str) -> str:
        at = int(time.time())
        claims = {**self.claims, "iss": self.issuer, "aud": CLIENT_ID, "iat": at, "exp": at + 60, "nonce": nonce}
        lies: dict[str, dict[str, Any]] = {
            "issuer": {"iss": "https://elsewhere.example"},
            "audience": {"aud": "another client"},
            "time": {"iat": at - 7200, "exp": at - 3600},
            "nonce": {"nonce": "an older one"},
        }
        claims |= lies.get(self.lie, {})
        if self.lie == "no signature":
            parts = ({"alg": "none"}, claims)
            import json

            return (
                ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)
                + "."
            )
        key = self._other if self.lie == "signature" else self.key
        return jwt.encode({"alg": "RS256", "kid": "k1"}, claims, key)


@asynccontextmanager
async def oidc_provider() -> AsyncIterator[OidcProvider]:
    port = free_port()
    made = OidcProvider(port)
    server = HttpServer(made.app(), "127.0.0.1", port)
    await server.start()
    try:
        yield made
    finally:
        await server.stop()
