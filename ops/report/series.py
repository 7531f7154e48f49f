"""Prometheus' query API, wherever it is: in the cluster, or Google's managed one."""

import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import httpx

from ops import forward, health
from ops.api import Api, RefusedError
from ops.errors import OpsError
from ops.health import part, parts
from ops.kubeconfig import Context

from .model import NotKnownError, moment

PATIENCE = 4.0
"""Seconds for one answer through the API server; where a network policy is in the way it never comes."""
_QUERY = "/api/v1/query"
_ALIVE = "vector(1)"


class Get(Protocol):
    """A GET of Prometheus' API. Raises NotKnownError."""

    def __call__(self, path: str, **query: str) -> health.Object: ...  # noqa: D102


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One series' value now."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, kw_only=True)
class Firing:
    """An alert that fires."""

    name: str
    labels: Mapping[str, str]
    summary: str = ""
    runbook: str = ""
    since: datetime | None = None

    @property
    def severity(self) -> str:
        """`page`, `ticket`, or what else its rule says."""
        return self.labels.get("severity", "")


class Prometheus:
    """Questions to a Prometheus, by whichever way it is reached. All raise NotKnownError."""

    def __init__(self, get: Get) -> None:
        self._get = get

    def query(self, expr: str) -> list[Sample]:
        """The series of an expression now; those whose value is no number are left out."""
        found = [
            Sample(labels=_labels(part(one, "metric")), value=_number(one.get("value")))
            for one in parts(self._data(_QUERY, query=expr), "result")
        ]
        return [sample for sample in found if math.isfinite(sample.value)]

    def firing(self) -> list[Firing]:
        """All alerts that fire, whosever they are."""
        return [
            Firing(
                name=str(part(one, "labels").get("alertname", "")),
                labels=_labels(part(one, "labels")),
                summary=str(part(one, "annotations").get("summary", "")),
                runbook=str(part(one, "annotations").get("runbook_url", "")),
                since=moment(one.get("activeAt")),
            )
            for one in parts(self._data("/api/v1/alerts"), "alerts")
            if one.get("state") == "firing"
        ]

    def _data(self, path: str, **query: str) -> health.Object:
        answer = self._get(path, **query)
        if answer.get("status") != "success":
            raise NotKnownError(f"Prometheus says: {answer.get('error') or 'nothing that can be read'}")
        return part(answer, "data")


def _labels(found: health.Object) -> dict[str, str]:
    return {str(name): str(value) for name, value in found.items()}


def _number(pair: object) -> float:
    """The value of `[time, "text"]`."""
    try:
        return float(pair[1]) if isinstance(pair, list) else math.nan
    except (IndexError, TypeError, ValueError):
        return math.nan


@dataclass(frozen=True, kw_only=True)
class Service:
    """A Service in front of a Prometheus."""

    namespace: str
    name: str
    port: int
    made_by: str
    """What makes it where it isn't there."""

    def __str__(self) -> str:
        return f"Service {self.name} in namespace {self.namespace}"


def in_cluster(context: Context, service: Service) -> Prometheus:
    """The Prometheus behind a Service: through the API server's proxy, else by a port-forward to its pod.

    A network policy stops the proxy, whose requests come from outside the namespace, and not a port-forward.
    Raises NotKnownError where neither way leads there.
    """
    try:
        api = Api(context, PATIENCE)
        slices = _behind(api, service)
    except OpsError as error:
        raise NotKnownError(error.what) from None
    base = f"/api/v1/namespaces/{service.namespace}/services/{service.name}:{service.port}/proxy"

    def proxied(path: str, **query: str) -> health.Object:
        try:
            return api.get(f"{base}{path}", **query)
        except OpsError as error:
            raise NotKnownError(error.what) from None

    try:
        proxied(_QUERY, query=_ALIVE)
    except NotKnownError as error:
        pod = health.pod_behind(slices)
        if pod is None:
            raise NotKnownError(f"{service} doesn't answer: {error.why}") from None
        forwarded = _forwarded(context, service, pod, _port(slices, service.port), error.why)
        forwarded(_QUERY, query=_ALIVE)
        return Prometheus(forwarded)
    return Prometheus(proxied)


def _behind(api: Api, service: Service) -> Sequence[health.Object]:
    """Its endpoint slices. Raises OpsError, and NotKnownError where nothing stands behind it."""
    try:
        api.get(f"/api/v1/namespaces/{service.namespace}/services/{service.name}")
    except RefusedError as error:
        if error.status == 404:
            raise NotKnownError(f"there is no {service}", service.made_by) from None
        raise
    slices = api.items(
        f"/apis/discovery.k8s.io/v1/namespaces/{service.namespace}/endpointslices",
        labelSelector=f"kubernetes.io/service-name={service.name}",
    )
    if not any(parts(one, "endpoints") for one in slices):
        raise NotKnownError(f"no pod stands behind {service}")
    return slices


def _port(slices: Sequence[health.Object], otherwise: int) -> int:
    """The pods' own port."""
    numbers = [health.number(port, "port") for one in slices for port in parts(one, "ports")]
    return next((number for number in numbers if number), otherwise)


def _forwarded(context: Context, service: Service, pod: str, port: int, before: str) -> Get:
    """By a port-forward that lasts as long as this process; `before` is why nothing easier worked."""
    failures: list[str] = []
    try:
        listener = forward.listen(None, 0)
    except OpsError as error:
        raise NotKnownError(error.what) from None
    threading.Thread(
        target=forward.serve,
        args=(listener, context, service.namespace, lambda: (pod, port), failures.append),
        daemon=True,
    ).start()
    local = f"http://127.0.0.1:{listener.getsockname()[1]}"

    def get(path: str, **query: str) -> health.Object:
        try:
            answer = httpx.get(f"{local}{path}", params=query, timeout=PATIENCE, trust_env=False).json()
        except (httpx.HTTPError, ValueError) as error:
            why = failures[-1] if failures else str(error)
            raise NotKnownError(f"{service} doesn't answer: {before}; by a port-forward: {why}") from None
        return answer if isinstance(answer, dict) else {}

    return get
