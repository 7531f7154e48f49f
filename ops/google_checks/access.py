"""Who we are to Google Cloud, and its REST APIs. No token is ever part of a message."""

import os
import threading
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import httpx

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
PATIENCE = 10.0
"""Seconds that one request may take."""
LOGIN_PATIENCE = 20.0
"""Seconds that logging in may take; a machine that isn't Google's asks for its metadata server in vain."""

TOKEN, IMPERSONATED = "GOOGLE_OAUTH_ACCESS_TOKEN", "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT"
LOG_IN = "gcloud auth application-default login"

Json = dict[str, object]
Parameters = Mapping[str, str | Sequence[str]]


class UnreachableError(Exception):
    """Google doesn't answer."""


class LoginError(Exception):
    """There are no credentials, or they aren't taken."""


class ApiError(Exception):
    """Google answers, and refuses. `reason` and `service` are its own words, such as SERVICE_DISABLED."""

    def __init__(self, status: int, message: str, reason: str = "", service: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.service = service


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """Where each API is."""

    service_usage: str = "https://serviceusage.googleapis.com"
    resource_manager: str = "https://cloudresourcemanager.googleapis.com"
    billing: str = "https://cloudbilling.googleapis.com"
    compute: str = "https://compute.googleapis.com"
    org_policy: str = "https://orgpolicy.googleapis.com"
    monitoring: str = "https://monitoring.googleapis.com"
    container: str = "https://container.googleapis.com"
    certificates: str = "https://certificatemanager.googleapis.com"
    gke_backup: str = "https://gkebackup.googleapis.com"
    sql: str = "https://sqladmin.googleapis.com"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Whose credentials are used."""

    token: str
    member: str | None
    """As IAM names it, where the credentials tell."""


def log_in() -> Identity:
    """A token by the credentials that the provider would find. Raises LoginError, UnreachableError."""
    found: list[Identity | Exception] = []

    def ask() -> None:
        try:
            found.append(_identity())
        except Exception as error:  # handed to the caller
            found.append(error)

    # In a thread, as the libraries below heed no time-out of ours for all that they try.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(LOGIN_PATIENCE)
    if not found:
        raise UnreachableError("no token within 20 s")
    if isinstance(found[0], Exception):
        raise found[0]
    return found[0]


def _identity() -> Identity:
    import google.auth
    from google.auth import exceptions
    from google.auth.transport.requests import Request

    if token := os.environ.get(TOKEN, "").strip():
        return Identity(token=token, member=None)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on the quota project, which each request names
            credentials, _ = google.auth.default(scopes=[SCOPE])
            credentials = _impersonated(credentials)
            credentials.refresh(Request())  # type: ignore[no-untyped-call]  # google-auth's own gap
    except exceptions.TransportError:
        raise UnreachableError("its login service doesn't answer") from None
    except exceptions.DefaultCredentialsError as error:
        raise LoginError(_first_line(error)) from None
    except exceptions.GoogleAuthError as error:
        raise LoginError(f"they aren't taken: {_first_line(error)}") from None
    return Identity(token=str(credentials.token), member=_member(credentials))


def _impersonated(credentials: "Credentials") -> "Credentials":
    target = os.environ.get(IMPERSONATED, "").strip()
    if not target:
        return credentials
    from google.auth import impersonated_credentials

    return cast(
        "Credentials",
        impersonated_credentials.Credentials(  # type: ignore[no-untyped-call]  # google-auth's own gap
            source_credentials=credentials, target_principal=target, target_scopes=[SCOPE]
        ),
    )


def _member(credentials: "Credentials") -> str | None:
    account = getattr(credentials, "service_account_email", None)
    if account and "@" in account:
        return f"serviceAccount:{account}"
    person = getattr(credentials, "account", None)
    return f"user:{person}" if person else None


def _first_line(error: Exception) -> str:
    """The first sentence of an error of google-auth; its further arguments are the server's whole answer."""
    said = str(error.args[0]) if error.args else str(error)
    return said.splitlines()[0].split(". ")[0][:160] if said else type(error).__name__


class Api:
    """Requests to Google's REST APIs, billed to the stack's project as the provider's are."""

    def __init__(self, identity: Identity, project: str, endpoints: Endpoints) -> None:
        self.endpoints = endpoints
        self._client = httpx.Client(
            timeout=PATIENCE,
            headers={"Authorization": f"Bearer {identity.token}", "x-goog-user-project": project},
        )

    def get(self, url: str, parameters: Parameters | None = None) -> Json:
        """A resource. Raises ApiError, UnreachableError."""
        return self._answer("GET", url, parameters=parameters)

    def post(self, url: str, body: Json) -> Json:
        """The answer to a question that has a body; none here changes anything. Raises as `get` does."""
        return self._answer("POST", url, body=body)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _answer(
        self, method: str, url: str, *, parameters: Parameters | None = None, body: Json | None = None
    ) -> Json:
        try:
            answer = self._client.request(method, url, params=dict(parameters or {}), json=body)
            read = answer.json() if answer.content else {}
        except httpx.HTTPError as error:
            raise UnreachableError(f"{httpx.URL(url).host}: {str(error) or type(error).__name__}") from None
        except ValueError:
            raise UnreachableError(
                f"{httpx.URL(url).host} answers {answer.status_code}, and not in JSON"
            ) from None
        if answer.is_success:
            return mapping(read)
        raise _refusal(answer.status_code, mapping(mapping(read).get("error")))


def _refusal(status: int, error: Json) -> ApiError:
    if status == 401:
        return ApiError(status, "the credentials aren't taken", "UNAUTHENTICATED")
    details = [mapping(one) for one in entries(error.get("details"))]
    info = next((one for one in details if "reason" in one), {})
    return ApiError(
        status,
        str(error.get("message", f"HTTP {status}")).splitlines()[0][:200],
        str(info.get("reason", error.get("status", ""))),
        str(mapping(info.get("metadata")).get("service", "")),
    )


def mapping(value: object) -> Json:
    """`value` if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def entries(value: object) -> list[object]:
    """`value` if it is a list, else an empty one."""
    return value if isinstance(value, list) else []
