"""Kotaemon's manifests: pure functions from settings and contracts."""

from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_kubernetes as k8s
from pulumi_kubernetes import apps, core, meta

from components.config.app import Affinity, App, Autoscaling, Models
from components.config.section import AccessMode, Resources
from components.contracts import DatabaseAccess, DocumentStore, Flow, SignIn
from components.kubernetes import (
    ca_volume,
    config_volume,
    container_security,
    environment,
    http,
    mount,
    pod,
    probes,
    requirements,
    scratch,
    selector,
    service_spec,
)
from components.network import INTERNET, peer_of_url

from . import environment as env
from . import sidecars

NAME = "kotaemon"
_UID = 10001  # the image names no user; a high one is nobody's on the node
_FILES = Path(__file__).with_name("files")
GRAPH_SETTINGS = "settings.yaml"


def mounted_files(graph_settings: str | None) -> dict[str, str]:
    """The Python files that go beside the application's own, by name, and GraphRAG's customised settings."""
    files = {file.name: file.read_text(encoding="utf-8") for file in sorted(_FILES.glob("*.py"))}
    return files | ({GRAPH_SETTINGS: graph_settings} if graph_settings else {})


def files_only(app: App, documents: DocumentStore) -> bool:
    """Whether the volume holds uploaded files alone, so that caches can stay on each replica's own disk."""
    return (
        app.storage.access_mode is AccessMode.READ_WRITE_MANY
        and documents is not DocumentStore.LANCEDB
        and not app.graph_rag.enabled
    )


@dataclass(frozen=True, kw_only=True)
class PodParts:
    """What the pod is made of, besides the settings."""

    environment: env.Environment
    stores: env.Environment
    files: pulumi.Input[str]
    """Name of the ConfigMap that holds the mounted files."""
    volume: pulumi.Input[str]
    """Name of the volume claim."""
    database: DatabaseAccess
    documents: DocumentStore
    replicated: bool
    sign_in: SignIn | None = None
    emails: pulumi.Input[str] | None = None
    """Name of the ConfigMap with the addresses that may enter, where they are named one by one."""
    service_account: pulumi.Input[str] | None = None


def pod_template(app: App, parts: PodParts) -> core.v1.PodTemplateSpecArgs:
    """Kotaemon's pod: it starts once its databases answer, as itself and not through launch.sh."""
    image = app.image.reference
    mounts = [mount("files", env.MOUNTED, read_only=True)]
    volumes = [config_volume("files", parts.files)]
    if parts.database.ca is not None:
        mounts.append(mount("ca", env.CA, read_only=True))
        volumes.append(ca_volume("ca", parts.database.ca))
    wait = core.v1.ContainerArgs(
        name="wait-for-databases",
        image=image,
        command=[env.PYTHON, f"{env.MOUNTED}/kotaemon_wait.py"],
        env=environment(
            {"PYTHONPATH": f"{env.MOUNTED}:{env.MOUNTED}/{env.DRIVER}", **parts.stores.values},
            parts.stores.secrets,
        ),
        resources=requirements(Resources(cpu="100m", memory="128Mi", cpu_limit="1")),
        security_context=container_security(),
        volume_mounts=list(mounts),
    )
    if parts.emails is not None:
        volumes.append(config_volume("sign-in", parts.emails))
    proxies = []
    if parts.database.proxy is not None:
        proxies.append(sidecars.database_proxy(parts.database.proxy, parts.database.endpoint.port))
    if parts.sign_in is not None:
        proxies.append(sidecars.sign_in(parts.sign_in))
    scratches = [scratch("tmp", size="5Gi")]
    if files_only(app, parts.documents):
        scratches.append(scratch("caches", size="5Gi"))
        mounts += [mount("caches", env.DATA), mount("data", env.FILES, sub_path="user_data/files")]
    else:
        mounts.append(mount("data", env.DATA))
    if app.graph_rag.settings_file is not None:
        mounts.append(mount("files", "/app/settings.yaml.example", read_only=True, sub_path=GRAPH_SETTINGS))
    whole = parts.environment | parts.stores
    server = core.v1.ContainerArgs(
        name=NAME,
        image=image,
        # launch.sh would keep SIGTERM from the process, and starts an Ollama that isn't there.
        command=[env.PYTHON, "app.py"],
        working_dir="/app",
        env=environment(whole.values, whole.secrets),
        ports=[core.v1.ContainerPortArgs(name="app" if parts.sign_in else "http", container_port=env.PORT)],
        resources=requirements(app.resources, disk="12Gi"),
        security_context=container_security(),
        # "/" would render the whole page each time. Behind a sign-in it is asked through that.
        **probes(
            http(sidecars.HEALTH, serving_port(parts.sign_in)),
            http(sidecars.ALIVE, serving_port(parts.sign_in)),
        ),
        lifecycle=_drain() if parts.replicated else None,
        volume_mounts=[*mounts, mount("tmp", env.SCRATCH)],
    )
    data = core.v1.VolumeArgs(
        name="data",
        persistent_volume_claim=core.v1.PersistentVolumeClaimVolumeSourceArgs(claim_name=parts.volume),
    )
    return pod(
        NAME,
        _UID,
        init=[*proxies, wait],
        containers=[server],
        volumes=[data, *volumes, *scratches],
        spread_out=parts.replicated,
        node_selector=app.node_selector,
        service_account=parts.service_account,
    )


def serving_port(sign_in: SignIn | None) -> int:
    """The pod's port that answers to others."""
    return sidecars.SIGN_IN_PORT if sign_in else env.PORT


def _drain() -> core.v1.LifecycleArgs:
    """Keep serving until every proxy has taken the pod out of its list."""
    return core.v1.LifecycleArgs(
        pre_stop=core.v1.LifecycleHandlerArgs(exec_=core.v1.ExecActionArgs(command=["sleep", "10"]))
    )


def deployment_spec(app: App, template: core.v1.PodTemplateSpecArgs) -> apps.v1.DeploymentSpecArgs:
    """Kotaemon's pods. A volume of one node can't be handed over, so the old pod goes first there."""
    shared = app.storage.access_mode is AccessMode.READ_WRITE_MANY
    return apps.v1.DeploymentSpecArgs(
        replicas=None if app.autoscaling else app.replicas,
        progress_deadline_seconds=1800,  # the image is several gigabytes
        revision_history_limit=3,
        selector=meta.v1.LabelSelectorArgs(match_labels=selector(NAME)),
        strategy=apps.v1.DeploymentStrategyArgs(
            type="RollingUpdate" if shared else "Recreate",
            rolling_update=(
                apps.v1.RollingUpdateDeploymentArgs(max_surge=1, max_unavailable=0) if shared else None
            ),
        ),
        template=template,
    )


def frontend(app: App) -> core.v1.ServiceSpecArgs:
    """The Service before the pods. A session lives in one process: its requests stay with one pod."""
    spec = service_spec(NAME, [("http", 80)])
    if app.session_affinity is Affinity.CLIENT_IP:
        spec.session_affinity = "ClientIP"
        spec.session_affinity_config = core.v1.SessionAffinityConfigArgs(
            client_ip=core.v1.ClientIPConfigArgs(timeout_seconds=10800)
        )
    return spec


def autoscaler(scale: Autoscaling) -> k8s.autoscaling.v2.HorizontalPodAutoscalerSpecArgs:
    """Replicas by CPU; slow to take one away, since the people on it lose their session."""
    return k8s.autoscaling.v2.HorizontalPodAutoscalerSpecArgs(
        scale_target_ref=k8s.autoscaling.v2.CrossVersionObjectReferenceArgs(
            api_version="apps/v1", kind="Deployment", name=NAME
        ),
        min_replicas=scale.min_replicas,
        max_replicas=scale.max_replicas,
        metrics=[
            k8s.autoscaling.v2.MetricSpecArgs(
                type="Resource",
                resource=k8s.autoscaling.v2.ResourceMetricSourceArgs(
                    name="cpu",
                    target=k8s.autoscaling.v2.MetricTargetArgs(
                        type="Utilization", average_utilization=scale.cpu_percent
                    ),
                ),
            )
        ],
        behavior=k8s.autoscaling.v2.HorizontalPodAutoscalerBehaviorArgs(
            scale_down=k8s.autoscaling.v2.HPAScalingRulesArgs(
                stabilization_window_seconds=1800,
                policies=[k8s.autoscaling.v2.HPAScalingPolicyArgs(type="Pods", value=1, period_seconds=600)],
            )
        ),
    )


def outgoing(models: Models, sign_in: SignIn | None) -> tuple[Flow, ...]:
    """What the application may reach besides its databases: the web, and model servers of one's own."""
    own = selector(NAME)
    flows = [Flow(name=f"{NAME}-to-internet", source=own, destination=INTERNET, ports=(80, 443))]
    urls = {
        "openai": models.openai.base_url if models.openai else None,
        "azure-openai": models.azure_openai.endpoint if models.azure_openai else None,
        "ollama": models.ollama.url if models.ollama else None,
        "sign-in": sign_in.issuer if sign_in else None,
    }
    for provider, url in urls.items():
        if url is not None:
            peer, port = peer_of_url(url)
            flows.append(Flow(name=f"{NAME}-to-{provider}", source=own, destination=peer, ports=(port,)))
    return tuple(flows)
