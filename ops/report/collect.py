"""All parts of the report, asked for at the same time: it takes no longer than its slowest part."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from ops import health
from ops.api import Api
from ops.errors import OpsError
from ops.google_checks.access import Endpoints
from ops.stack import Session, stack_option
from ops.stack_settings import settings_of

from . import alerts, backups, certificates, objectives, versions, volumes
from .alerts import Alert
from .backups import Run
from .certificates import Certificate
from .cloud import Cloud, Managed
from .model import NotKnownError, Unknown
from .objectives import Objective
from .series import Prometheus, Service, in_cluster
from .versions import Versions
from .volumes import Volume

if TYPE_CHECKING:
    from components.config import Settings

Found = TypeVar("Found")
BUILTIN, OPERATED = "prometheus", "prometheus-operated"
"""The Service of our own Prometheus, and the one that the operator makes beside each of its own."""
_PORT = 9090


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What Prometheus tells."""

    objectives: tuple[Objective, ...] | Unknown
    alerts: tuple[Alert, ...] | Unknown
    volumes: tuple[Volume, ...] | Unknown


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Backups, and tries to restore one; each is empty where there is none."""

    backups: tuple[Run, ...]
    drills: tuple[Run, ...]


@dataclass(frozen=True, kw_only=True)
class HealthReport:
    """What is known of a stack beside which of its parts are ready."""

    at: datetime
    measured: Measured
    kept: Kept | Unknown
    certificates: tuple[Certificate, ...] | Unknown
    """Empty where the stack has none."""
    versions: Versions | Unknown

    @property
    def well(self) -> bool:
        """Whether no page fires and no certificate has expired. What isn't known is no reason to cry."""
        fires = self.measured.alerts
        pages = isinstance(fires, tuple) and any(one.severity == alerts.PAGE for one in fires)
        held = self.certificates if isinstance(self.certificates, tuple) else ()
        return not pages and not any(one.expired(self.at) for one in held)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What everything is asked about."""

    session: Session
    outputs: Mapping[str, object]
    namespace: str
    api: Api
    pods: Sequence[health.Object]
    jobs: Sequence[health.Object]
    endpoints: Endpoints | None = None
    """Google's, in tests."""

    @property
    def option(self) -> str:
        """What the make commands take for this stack."""
        return stack_option(self.session.stack)

    @property
    def simulated(self) -> str:
        """Why nothing can be measured on simulated nodes; empty on real ones."""
        number = self.session.cluster.simulated
        return f"nothing runs on the sandbox's {number} simulated nodes" if number else ""


def collect(asked: Asked) -> HealthReport:
    """Ask everybody. What one of them can't tell doesn't keep the others from it."""
    settings = _known(lambda: _settings(asked.session))
    known = None if isinstance(settings, Unknown) else settings
    cloud = None
    if known is not None and known.google is not None:
        cloud = Cloud(known.google.project, known.google.region, asked.endpoints)
    with ThreadPoolExecutor() as pool:
        measured = pool.submit(_measured, asked, settings, cloud)
        kept = pool.submit(_known, lambda: _kept(asked, known, cloud))
        held = pool.submit(_known, lambda: tuple(_certificates(asked, known, cloud)))
        running = pool.submit(_known, lambda: _versions(asked, known, cloud))
        return HealthReport(
            at=datetime.now(UTC),
            measured=measured.result(),
            kept=kept.result(),
            certificates=held.result(),
            versions=running.result(),
        )


def _known(question: Callable[[], Found]) -> Found | Unknown:
    try:
        return question()
    except NotKnownError as error:
        return Unknown(why=error.why, advice=error.advice)
    except OpsError as error:
        return Unknown(why=error.what, advice=(error.remedy,) if error.remedy else ())


def _settings(session: Session) -> "Settings":
    from components.config import ConfigError  # imports Pulumi

    try:
        return settings_of(session.config, session.stack, session.project.root)
    except ConfigError as error:
        number = len(error.problems)
        raise NotKnownError(
            f"Pulumi.{session.stack}.yaml has {number} problem{'' if number == 1 else 's'}",
            f"make preview{stack_option(session.stack)}",
        ) from None


def _measured(asked: Asked, settings: "Settings | Unknown", cloud: Cloud | None) -> Measured:
    if isinstance(settings, Unknown):
        return Measured(objectives=settings, alerts=settings, volumes=settings)
    prometheus = _known(lambda: _prometheus(asked, settings, cloud))
    if isinstance(prometheus, Unknown):
        return Measured(objectives=prometheus, alerts=prometheus, volumes=prometheus)
    asking, watching = prometheus, settings.monitoring
    assert watching.kind != "none"  # noqa: S101  # then nobody could be asked
    return Measured(
        objectives=_known(lambda: objectives.ask(asking, asked.namespace, watching.objectives)),
        alerts=_known(lambda: alerts.ask(asking, asked.session.stack, asked.namespace)),
        volumes=_known(lambda: volumes.ask(asking, asked.namespace)),
    )


def _prometheus(asked: Asked, settings: "Settings", cloud: Cloud | None) -> Prometheus:
    """Who watches the stack, by its file."""
    watching = settings.monitoring
    if watching.kind == "none":
        kind = "google" if cloud else "builtin"
        raise NotKnownError(
            "nobody watches (kotaemon:monitoring.kind is none)",
            f"make pulumi{asked.option} ARGS='config set --path monitoring.kind {kind}' && make up{asked.option}",
        )
    if watching.kind == "google":
        if cloud is None:
            raise NotKnownError("kotaemon:google isn't set")
        return Managed(cloud)
    if asked.simulated:
        raise NotKnownError(f"{asked.simulated}, so nothing is measured")
    if watching.kind == "operator":
        service = Service(
            namespace=watching.namespace,
            name=OPERATED,
            port=_PORT,
            made_by="kotaemon:monitoring.namespace must be where its Prometheus runs: kubectl get prometheus -A",
        )
    else:
        service = Service(
            namespace=asked.namespace, name=BUILTIN, port=_PORT, made_by=f"make up{asked.option}"
        )
    return in_cluster(asked.api.context, service)


def _kept(asked: Asked, settings: "Settings | None", cloud: Cloud | None) -> Kept:
    crons = asked.api.items(f"/apis/batch/v1/namespaces/{asked.namespace}/cronjobs")
    made = list(backups.in_cluster(crons, asked.jobs, backups.BACKUP))
    tried = list(backups.in_cluster(crons, asked.jobs, backups.DRILL))
    if settings is not None and cloud is not None:
        if settings.backup.kind == "google":
            of_gke, restored = backups.of_gke(cloud, str(asked.outputs.get("cluster", "")), asked.namespace)
            made += of_gke or [Run(what=f"Backup for GKE, of namespace {asked.namespace}", succeeded=None)]
            tried += restored
        if settings.postgres.kind == "cloud-sql":
            from components.gke.prefix import prefix_of

            made += backups.of_cloud_sql(cloud, f"{prefix_of(asked.session.stack)}-postgres")
    return Kept(backups=tuple(made), drills=tuple(tried))


def _certificates(asked: Asked, settings: "Settings | None", cloud: Cloud | None) -> Iterator[Certificate]:
    if asked.simulated:
        if asked.outputs.get("url"):
            raise NotKnownError(f"{asked.simulated}, so nobody issues or shows one")
        return
    listed = asked.api.items(f"/apis/cert-manager.io/v1/namespaces/{asked.namespace}/certificates")
    yield from certificates.of_cert_manager(listed)
    door = certificates.of_door(str(asked.outputs.get("url") or ""))
    if door is not None:
        yield door
    if settings is not None and cloud is not None and settings.edge.kind == "google":
        try:
            yield from certificates.of_google(cloud, settings.edge.domain)
        except NotKnownError:
            if door is None:
                raise


def _versions(asked: Asked, settings: "Settings | None", cloud: Cloud | None) -> Versions:
    application = settings.app.image.reference if settings is not None else ""
    return Versions(
        images=versions.of_images(asked.pods, application), kubernetes=_kubernetes(asked, settings, cloud)
    )


def _kubernetes(asked: Asked, settings: "Settings | None", cloud: Cloud | None) -> versions.Kubernetes | None:
    """By Google where it is Google's, else by the API server."""
    found = re.fullmatch(
        r"projects/[^/]+/locations/([^/]+)/clusters/([^/]+)", str(asked.outputs.get("cluster"))
    )
    if cloud is not None and found:
        try:
            return versions.of_gke(cloud, *found.groups())
        except NotKnownError:
            pass
    return versions.of_cluster(asked.api.get("/version"))
