"""An OpenID provider for tests: discovery, keys, the code flow with PKCE, signed tokens; over TLS on loopback."""

import base64
import hashlib
import json
import secrets
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sandbox import certs

CLIENT = "kotaemon"
CLIENT_SECRET = "the-client's-own-secret"
KEY = "one"

Fields = dict[str, str]


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _number(value: int) -> str:
    return _text(value.to_bytes((value.bit_length() + 7) // 8, "big"))


@dataclass
class Provider:
    """A running provider. Whoever comes to its login page is `claims`, without being asked."""

    issuer: str
    ca: Path
    """Authority of its certificate, PEM."""
    redirect_uri: str
    claims: dict[str, object] = field(default_factory=dict)
    asked: list[Fields] = field(default_factory=list)
    """What came to the login page."""
    tokens: list[str] = field(default_factory=list)
    """Everything that must not be found in a log: codes and tokens."""
    refused: list[str] = field(default_factory=list)
    """Why a request to the token endpoint was refused."""
    _codes: dict[str, Fields] = field(default_factory=dict)
    _key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    def discovery(self) -> dict[str, object]:
        """Source: openid.net/specs/openid-connect-discovery-1_0, section 3."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def keys(self) -> dict[str, object]:
        """Its public key as a JSON Web Key."""
        public = self._key.public_key().public_numbers()
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY}
        return {"keys": [{**key, "n": _number(public.n), "e": _number(public.e)}]}

    def authorize(self, query: Fields) -> str:
        """Where the login page sends the browser: back, with a code."""
        self.asked.append(query)
        code = self._new()
        self._codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, form: Fields) -> dict[str, object] | None:
        """The tokens for a code; None, and the reason in `refused`, where the request isn't right."""
        asked = self._codes.pop(form.get("code", ""), None)
        if asked is None:
            self.refused.append("unknown code")
            return None
        challenge = _text(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if asked.get("code_challenge_method") != "S256" or asked.get("code_challenge") != challenge:
            self.refused.append("PKCE")
            return None
        if form.get("redirect_uri") != self.redirect_uri or asked["redirect_uri"] != self.redirect_uri:
            self.refused.append("redirect_uri")
            return None
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, CLIENT_SECRET):
            self.refused.append("client")
            return None
        now = int(time.time())
        claims: dict[str, object] = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300}
        if "nonce" in asked:
            claims["nonce"] = asked["nonce"]
        return {
            "access_token": self._new(2000),  # Entra's are that long
            "refresh_token": self._new(1000),
            "token_type": "Bearer",
            "expires_in": 300,
            "id_token": self._signed({**claims, **self.claims}),
        }

    def _new(self, size: int = 20) -> str:
        self.tokens.append(secrets.token_urlsafe(size))
        return self.tokens[-1]

    def _signed(self, claims: dict[str, object]) -> str:
        parts = [{"alg": "RS256", "kid": KEY, "typ": "JWT"}, claims]
        text = ".".join(_text(json.dumps(part).encode()) for part in parts)
        signature = self._key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        self.tokens.append(f"{text}.{_text(signature)}")
        return self.tokens[-1]


@contextmanager
def provider(folder: Path, redirect_uri: str) -> Iterator[Provider]:
    """A provider that runs until the block ends; its certificates are kept in `folder`."""
    certs.ensure(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    running = Provider(f"https://localhost:{server.server_port}", folder / "ca.crt", redirect_uri)
    _Handler.served = running
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    served: Provider

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/.well-known/openid-configuration":
            self._answer(self.served.discovery())
        elif url.path == "/keys":
            self._answer(self.served.keys())
        elif url.path == "/authorize":
            self.send_response(302)
            self.send_header("Location", self.served.authorize(_fields(url.query)))
            self.end_headers()
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        form = _fields(self.rfile.read(int(self.headers["Content-Length"])).decode())
        scheme, _, login = self.headers.get("Authorization", "").partition(" ")
        if scheme == "Basic":  # RFC 6749, 2.3.1
            user, _, password = base64.b64decode(login).decode().partition(":")
            form |= {"client_id": unquote(user), "client_secret": unquote(password)}
        answer = self.served.token(form) if urlsplit(self.path).path == "/token" else None
        self._answer(answer or {"error": "invalid_grant"}, 200 if answer else 400)

    def _answer(self, body: dict[str, object], status: int = 200) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Nothing: requests are in the provider's lists."""


def _fields(text: str) -> Fields:
    return {name: values[-1] for name, values in parse_qs(text, keep_blank_values=True).items()}
