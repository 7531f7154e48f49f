"""Google's APIs on loopback, as far as the doctor asks them: real HTTP, a project whose state a test decides."""

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from components.gke.apis import REQUIRED_APIS
from ops.google_checks.access import Endpoints, Json

TOKEN = "ya29.a-token-that-nobody-may-read"
IMPERSONATED = "deployer-of-another@my-project.iam.gserviceaccount.com"
ACCOUNT = "deployer@my-project.iam.gserviceaccount.com"


def refusal(status: int, message: str, reason: str = "", **metadata: str) -> tuple[int, Json]:
    """An error as Google's APIs put it."""
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "metadata": metadata}
    error: Json = {"code": status, "message": message, "status": "PERMISSION_DENIED"}
    return status, {"error": {**error, "details": [info] if reason else []}}


def off(service: str) -> tuple[int, Json]:
    """What a service answers that isn't on."""
    return refusal(
        403, f"{service} has not been used in project 1 before.", "SERVICE_DISABLED", service=service
    )


@dataclass(kw_only=True)
class Project:
    """What Google knows of the project, and how it answers."""

    id: str = "my-project"
    state: str = "ACTIVE"
    billing: bool = True
    services: set[str] = field(default_factory=lambda: set(REQUIRED_APIS))
    denied: set[str] = field(default_factory=set)
    """Permissions that the caller hasn't got."""
    untestable: set[str] = field(default_factory=set)
    """Permissions that this API doesn't know for projects."""
    region_quotas: dict[str, tuple[float, float]] = field(default_factory=lambda: {"CPUS": (200, 0)})
    """Metric -> limit and usage."""
    project_quotas: dict[str, tuple[float, float]] = field(default_factory=dict)
    policies: dict[str, list[Json]] = field(default_factory=dict)
    """Constraint -> rules."""
    refusals: dict[str, tuple[int, Json]] = field(default_factory=dict)
    """Pattern of a path -> the answer there, whatever else."""
    login: tuple[int, Json] = (200, {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"})
    delay: float = 0.0
    """Seconds before each answer."""
    resources: dict[str, Json] = field(default_factory=dict)
    """Path, with `?pageToken=` where it is a later page -> what is there."""
    raw: bytes | None = None
    """What is answered in the place of JSON."""
    asked: list[str] = field(default_factory=list)

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Json) -> tuple[int, Json]:
        """What Google says."""
        for pattern, refused in self.refusals.items():
            if re.search(pattern, path):
                return refused
        page = f"{path}?pageToken={query['pageToken'][0]}" if "pageToken" in query else path
        if page in self.resources:
            return 200, self.resources[page]
        here = f"projects/{self.id}"
        if path == f"/v3/{here}":
            return 200, {"name": "projects/1", "projectId": self.id, "state": self.state}
        if path == f"/v3/{here}:testIamPermissions":
            names = (
                [str(name) for name in body["permissions"]] if isinstance(body["permissions"], list) else []
            )
            if unknown := set(names) & self.untestable:
                return refusal(400, f"Permission {min(unknown)} is not valid for this resource.")
            return 200, {"permissions": [name for name in names if name not in self.denied]}
        if path == f"/v1/{here}/billingInfo":
            return 200, {"projectId": self.id, "billingEnabled": self.billing}
        if path == f"/v1/{here}/services:batchGet":
            return 200, {"services": [self._service(name) for name in query["names"]]}
        if path.startswith(f"/v1/{here}/services/"):
            return 200, self._service(path.removeprefix("/v1/"))
        if path == f"/compute/v1/{here}":
            return 200, {"quotas": _quotas(self.project_quotas)}
        if path == f"/compute/v1/{here}/regions/europe-west4":
            return 200, {"quotas": _quotas(self.region_quotas)}
        if found := re.fullmatch(rf"/v2/{here}/policies/([A-Za-z.]+):getEffectivePolicy", path):
            return 200, {"spec": {"rules": self.policies.get(found[1], [{"allowAll": True}])}}
        return refusal(404, f"nothing at {method} {path}")

    def _service(self, name: str) -> Json:
        on = name.rpartition("/")[2] in self.services
        return {"name": name.replace(self.id, "1"), "state": "ENABLED" if on else "DISABLED"}


def _quotas(known: dict[str, tuple[float, float]]) -> list[Json]:
    return [{"metric": metric, "limit": limit, "usage": used} for metric, (limit, used) in known.items()]


@contextmanager
def serving(project: Project) -> Iterator[str]:
    """Serve it; yields the base URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._handle({})

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._handle({} if self.path == "/token" else json.loads(sent))

        def _handle(self, body: Json) -> None:
            parts = urlsplit(self.path)
            project.asked.append(parts.path)
            time.sleep(project.delay)
            if parts.path == "/token":
                status, said = project.login
            elif parts.path.endswith(f"{IMPERSONATED}:generateAccessToken"):
                status, said = 200, {"accessToken": TOKEN, "expireTime": "2100-01-01T00:00:00Z"}
            elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
                status, said = refusal(401, "Request had invalid authentication credentials.")
            elif self.headers.get("x-goog-user-project") != project.id:
                status, said = refusal(403, "requires a quota project", "SERVICE_DISABLED", service="other")
            else:
                status, said = project.answer(self.command, parts.path, parse_qs(parts.query), body)
            written = json.dumps(said).encode() if project.raw is None else project.raw
            self.send_response(status)
            self.send_header("Content-Length", str(len(written)))
            self.end_headers()
            self.wfile.write(written)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def endpoints(url: str) -> Endpoints:
    """All of Google's APIs at one address."""
    return Endpoints(
        service_usage=url,
        resource_manager=url,
        billing=url,
        compute=url,
        org_policy=url,
        monitoring=url,
        container=url,
        certificates=url,
        gke_backup=url,
        sql=url,
    )


def service_account(url: str) -> str:
    """A service account's key file, whose tokens are had at `url`."""
    return json.dumps(
        {
            "type": "service_account",
            "project_id": "my-project",
            "client_email": ACCOUNT,
            "client_id": "1",
            "private_key_id": "1",
            "private_key": _KEY,
            "token_uri": f"{url}/token",
        }
    )


_KEY = (
    rsa.generate_private_key(public_exponent=65537, key_size=2048)
    .private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    .decode()
)
