"""Google's own word on a stack: its APIs, asked as `make doctor` asks them."""

import functools
import re
from collections.abc import Iterator

from ops import health
from ops.google_checks.access import (
    LOG_IN,
    Api,
    ApiError,
    Endpoints,
    LoginError,
    Parameters,
    UnreachableError,
    log_in,
)

from .model import NotKnownError, moment
from .series import Firing, Prometheus

_PAGES = 20
"""Most pages of a list that are read."""
_POLICY = re.compile(r"Kotaemon (.+): (\w+)(?: \(.*\))?")
"""How the stack's alert policies are called: by stack, alert and component."""
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Cloud:
    """A project on Google Cloud. Logs in at the first question; every question raises NotKnownError."""

    def __init__(self, project: str, region: str, endpoints: Endpoints | None = None) -> None:
        self.project = project
        self.region = region
        self.endpoints = endpoints or Endpoints()

    def get(self, url: str, parameters: Parameters | None = None) -> dict[str, object]:
        """A resource."""
        try:
            return self._api.get(url, parameters)
        except ApiError as error:
            off = error.reason == "SERVICE_DISABLED" and error.service
            raise NotKnownError(f"{error.service} is off" if off else f"Google: {error}") from None
        except UnreachableError as error:
            raise NotKnownError(f"Google doesn't answer: {error}") from None

    def listed(self, url: str, key: str, parameters: Parameters | None = None) -> Iterator[health.Object]:
        """The entries of a list, page by page."""
        token = ""
        for _ in range(_PAGES):
            answer = self.get(url, {**(parameters or {}), **({"pageToken": token} if token else {})})
            yield from health.parts(answer, key)
            token = str(answer.get("nextPageToken") or "")
            if not token:
                return

    @functools.cached_property
    def _api(self) -> Api:
        try:
            return Api(log_in(), self.project, self.endpoints)
        except LoginError as error:
            raise NotKnownError(f"no credentials for Google Cloud: {error}", LOG_IN) from None
        except UnreachableError as error:
            raise NotKnownError(f"Google doesn't answer: {error}") from None


class Managed(Prometheus):
    """Google's managed Prometheus; what fires is Cloud Monitoring's to say."""

    def __init__(self, cloud: Cloud) -> None:
        base = f"{cloud.endpoints.monitoring}/v1/projects/{cloud.project}/location/global/prometheus"
        super().__init__(lambda path, **query: cloud.get(f"{base}{path}", query))
        self._cloud = cloud

    def firing(self) -> list[Firing]:
        """Open alerts of the project, by their policies."""
        url = f"{self._cloud.endpoints.monitoring}/v3/projects/{self._cloud.project}/alerts"
        return [
            _firing(one)
            for one in self._cloud.listed(url, "alerts", {"filter": 'state="OPEN"'})
            if one.get("state") != "CLOSED"
        ]


def _firing(alert: health.Object) -> Firing:
    """Source: cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alerts."""
    policy = health.part(alert, "policy")
    labels = {str(name): str(value) for name, value in health.part(policy, "userLabels").items()}
    name = str(policy.get("displayName", ""))
    if ours := _POLICY.fullmatch(name):
        # A label may not hold all that a stack's name may.
        labels["stack"], name = ours.groups()
    return Firing(
        name=name,
        labels=labels,
        runbook=f"docs/runbooks/{_WORDS.sub('-', name).lower()}.md" if ours else "",
        since=moment(alert.get("openTime")),
    )
