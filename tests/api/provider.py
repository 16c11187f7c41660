"""An OpenID provider on this machine, as strict as the specifications want it, that can be told to lie."""

import asyncio
import base64
import hashlib
import json
import secrets
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode

import jwt
import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from core.clock import utc_now
from tests.api.conftest import Server

CLIENT, SECRET = "midwatch", "a client secret: 100% odd & long"
Claims = dict[str, Any]


@dataclass
class Key:
    private: Any
    algorithm: str
    id: str

    @classmethod
    def rsa(cls, key_id: str) -> "Key":
        return cls(rsa.generate_private_key(65537, 2048), "RS256", key_id)

    @classmethod
    def ec(cls, key_id: str) -> "Key":
        return cls(ec.generate_private_key(ec.SECP256R1()), "ES256", key_id)

    def public(self) -> Claims:
        kind = jwt.get_algorithm_by_name(self.algorithm)
        told = kind.to_jwk(self.private.public_key(), as_dict=True)
        return {**told, "kid": self.id, "use": "sig", "alg": self.algorithm}


@dataclass
class Idp:
    """`person` is who sits at the browser; `lies` may change an ID token before it is signed."""

    address: str = ""
    person: Claims = field(default_factory=dict[str, Any])
    beside: Claims = field(default_factory=dict[str, Any])
    lies: Callable[[Claims], Claims] = lambda claims: claims
    keys: list[Key] = field(default_factory=lambda: [Key.rsa("one")])
    about: Claims = field(default_factory=dict[str, Any])
    refuses: str = ""
    codes: dict[str, Claims] = field(default_factory=dict[str, Claims])
    asked: list[str] = field(default_factory=list[str])

    def token(self, claims: Claims, *, key: Key | None = None) -> str:
        now, signing = utc_now(), key or self.keys[0]
        whole = {
            "iss": self.address,
            "aud": CLIENT,
            "iat": now,
            "exp": now + timedelta(minutes=5),
            **claims,
        }
        given = {name: value for name, value in whole.items() if value is not None}
        return jwt.encode(
            given, signing.private, algorithm=signing.algorithm, headers={"kid": signing.id}
        )

    async def describe(self, request: Request) -> Response:
        self.asked.append("about")
        return JSONResponse(
            {
                "issuer": self.address,
                "authorization_endpoint": f"{self.address}/authorize",
                "token_endpoint": f"{self.address}/token",
                "jwks_uri": f"{self.address}/keys",
                "userinfo_endpoint": f"{self.address}/userinfo",
                "response_types_supported": ["code"],
                **self.about,
            }
        )

    async def jwks(self, request: Request) -> Response:
        self.asked.append("keys")
        odd = {"kty": "OCT-2100", "kid": "of another time"}
        return JSONResponse({"keys": [odd, *(one.public() for one in self.keys)]})

    async def authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        wanted = {"response_type": "code", "client_id": CLIENT, "code_challenge_method": "S256"}
        assert wanted.items() <= asked.items(), asked
        assert asked["redirect_uri"].endswith("/auth/oidc/callback"), asked
        assert "openid" in asked["scope"].split(), asked
        assert len(asked["state"]) >= 32, asked
        if self.refuses:
            back = {"error": self.refuses, "state": asked["state"]}
        else:
            code = secrets.token_urlsafe(16)
            self.codes[code] = asked
            back = {"code": code, "state": asked["state"], "iss": self.address}
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(back)}", status_code=302)

    async def exchange(self, request: Request) -> Response:
        form = {
            name: values[0] for name, values in parse_qs((await request.body()).decode()).items()
        }
        asked = self.codes.pop(form.get("code", ""), None)
        kind, _, pair = request.headers.get("authorization", "").partition(" ")
        known = base64.b64encode(
            b"midwatch:a%20client%20secret%3A%20100%25%20odd%20%26%20long"
        ).decode()
        if (kind, pair) != ("Basic", known):
            return JSONResponse({"error": "invalid_client"}, 401)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        same = asked and form.get("redirect_uri") == asked["redirect_uri"]
        if not same or asked is None or challenge != asked["code_challenge"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        claims = self.lies({**self.person, "nonce": asked["nonce"]})
        told = {"access_token": f"for {self.person['sub']}", "token_type": "Bearer"}
        return JSONResponse({**told, "id_token": self.token(claims)})

    async def userinfo(self, request: Request) -> Response:
        self.asked.append("userinfo")
        if request.headers.get("authorization") != f"Bearer for {self.person['sub']}":
            return JSONResponse({"error": "invalid_token"}, 401)
        return JSONResponse({"sub": self.person["sub"], **self.beside})


@asynccontextmanager
async def provided() -> AsyncGenerator[Idp]:
    """The provider, running."""
    idp = Idp()
    app = Starlette(
        routes=[
            Route("/.well-known/openid-configuration", idp.describe),
            Route("/keys", idp.jwks),
            Route("/authorize", idp.authorize),
            Route("/token", idp.exchange, methods=["POST"]),
            Route("/userinfo", idp.userinfo),
        ]
    )
    config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, ws="none")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        idp.address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield idp
        finally:
            server.should_exit = True
            await task


def unsigned(claims: Claims) -> str:
    """A token that says it needs no signature."""
    parts = ({"alg": "none", "kid": "one"}, claims)
    coded = (
        base64.urlsafe_b64encode(json.dumps(one, default=datetime.timestamp).encode())
        for one in parts
    )
    return ".".join([*(one.decode().rstrip("=") for one in coded), ""])
