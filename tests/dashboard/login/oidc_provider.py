"""A school's identity provider for tests: OpenID Connect's code flow, on loopback."""

import base64
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT = "classroom-counts"
SECRET = "a secret of the client"


class Provider:
    """Lets everybody in as whoever `claims` says.

    Attributes:
        url: the issuer.
        claims: of the next identity token.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.claims: dict[str, object] = {}
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self.nonces: dict[str, str] = {}

    def token(self, code: str) -> str:
        """The identity token for a code."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "sub": "somebody",
            "iat": now,
            "exp": now + 3600,
            "nonce": self.nonces.pop(code),
        }
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims | self.claims, self.key)


@contextmanager
def running_provider() -> Iterator[Provider]:
    """A provider that answers."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/.well-known/openid-configuration":
                self._json(
                    {
                        "issuer": provider.url,
                        "authorization_endpoint": f"{provider.url}/authorize",
                        "token_endpoint": f"{provider.url}/token",
                        "jwks_uri": f"{provider.url}/keys",
                        "response_types_supported": ["code"],
                        "subject_types_supported": ["public"],
                        "id_token_signing_alg_values_supported": ["RS256"],
                    }
                )
            elif parts.path == "/keys":
                self._json({"keys": [provider.key.as_dict(private=False)]})
            else:
                asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
                code = secrets.token_hex(8)
                provider.nonces[code] = asked["nonce"]
                query = urlencode({"code": code, "state": asked["state"]})
                self.send_response(302)
                self.send_header("Location", f"{asked['redirect_uri']}?{query}")
                self.end_headers()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            code = parse_qs(body)["code"][0]
            told = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
            assert self.headers["Authorization"].endswith(told) or SECRET in body
            answer = {"access_token": "x", "token_type": "Bearer", "expires_in": 3600}
            self._json({**answer, "id_token": provider.token(code)})

        def _json(self, content: object) -> None:
            body = json.dumps(content).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider = Provider(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
