"""The Kotaemon release: its files, its volume, its pods, and the Service that stands before them."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s
from pulumi_kubernetes import apps, core

from components.config import SecretName
from components.config.app import App, Models
from components.contracts import (
    DatabaseAccess,
    DocumentAccess,
    Endpoint,
    Flow,
    Peer,
    SecretRef,
    SignIn,
    VectorAccess,
)
from components.kubernetes import claim, disruption_budget, metadata, selector
from components.secrets import GeneratedSecret, GeneratedSecretArgs
from components.signals.kotaemon import kotaemon_watch
from components.signals.model import Scope, Watch

from . import environment as env
from . import manifests, sidecars
from .manifests import NAME
from .pgdriver import driver_zip


@dataclass(frozen=True, kw_only=True)
class KotaemonArgs:
    """What `Kotaemon` needs."""

    app: App
    models: Models
    namespace: pulumi.Input[str]
    prefix: str
    """What the names of its collections and tables start with."""
    database: DatabaseAccess
    vectors: VectorAccess
    documents: DocumentAccess
    secrets: Mapping[SecretName, SecretRef]
    graph_settings: str | None
    """Content of the customised GraphRAG settings."""
    protect: bool
    sign_in: SignIn | None = None
    """oauth2-proxy in front of it, in its own pods."""
    storage_class: pulumi.Input[str] | None = None
    """Class of the volume, where the stack makes one."""
    scope: Scope


class Kotaemon(pulumi.ComponentResource):
    """Kotaemon, wired the way it reads its settings. Source: flowsettings.py and the Dockerfile of v0.11.3."""

    endpoint: Endpoint
    flows: tuple[Flow, ...]
    watch: Watch
    serving_port: int
    """The pods' port that answers to others."""
    admin_password: SecretRef
    generated_password: pulumi.Output[str] | None
    """The first administrator's password, where it was generated."""

    def __init__(self, name: str, args: KotaemonArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("kotaemon:index:Kotaemon", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        app = args.app
        self.generated_password = None
        if SecretName.ADMIN in args.secrets:
            self.admin_password = args.secrets[SecretName.ADMIN]
        else:
            generated = GeneratedSecret(
                f"{name}-admin", GeneratedSecretArgs(namespace=args.namespace, component=NAME), child
            )
            self.admin_password, self.generated_password = generated.ref, generated.value
        with_models = any(getattr(args.models, field) for field in type(args.models).model_fields)
        files = core.v1.ConfigMap(
            f"{name}-files",
            metadata=metadata(NAME, args.namespace),
            data=manifests.mounted_files(args.graph_settings),
            binary_data={env.DRIVER: base64.b64encode(driver_zip()).decode()},
            immutable=True,
            opts=child,
        )
        volume = core.v1.PersistentVolumeClaim(
            f"{name}-data",
            metadata=metadata(
                NAME,
                args.namespace,
                name=f"{NAME}-data",
                # A class that waits for its first pod would have both wait for each other.
                annotations={"pulumi.com/skipAwait": "true"},
            ),
            spec=claim(app.storage, access_mode=app.storage.access_mode, class_name=args.storage_class),
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        emails = None
        if args.sign_in is not None and args.sign_in.emails:
            emails = core.v1.ConfigMap(
                f"{name}-sign-in",
                metadata=metadata(NAME, args.namespace),
                data=sidecars.emails_file(args.sign_in),
                immutable=True,
                opts=child,
            ).metadata.name
        account = None
        if args.database.proxy is not None:
            account = core.v1.ServiceAccount(
                name,
                metadata=metadata(
                    NAME,
                    args.namespace,
                    name=NAME,
                    annotations={"iam.gke.io/gcp-service-account": args.database.proxy.account},
                ),
                automount_service_account_token=False,
                opts=child,
            ).metadata.name
        self.serving_port = manifests.serving_port(args.sign_in)
        replicated = app.autoscaling is not None or app.replicas > 1
        template = manifests.pod_template(
            app,
            manifests.PodParts(
                environment=env.process(behind_sign_in=args.sign_in is not None)
                | env.models(args.models, args.secrets)
                | env.features(app, with_models, args.secrets, self.admin_password),
                stores=env.stores(args.database, args.vectors, args.documents, args.prefix),
                files=files.metadata.name,
                volume=volume.metadata.name,
                database=args.database,
                documents=args.documents.kind,
                replicated=replicated,
                sign_in=args.sign_in,
                emails=emails,
                service_account=account,
            ),
        )
        pods = apps.v1.Deployment(
            name,
            metadata=metadata(NAME, args.namespace, name=NAME),
            spec=manifests.deployment_spec(app, template),
            opts=pulumi.ResourceOptions(
                parent=self, custom_timeouts=pulumi.CustomTimeouts(create="30m", update="30m")
            ),
        )
        core.v1.Service(
            name,
            metadata=metadata(NAME, args.namespace, name=NAME),
            spec=manifests.frontend(app),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[pods]),
        )
        if replicated:
            k8s.policy.v1.PodDisruptionBudget(
                name,
                metadata=metadata(NAME, args.namespace, name=NAME),
                spec=disruption_budget(NAME),
                opts=child,
            )
        if app.autoscaling is not None:
            k8s.autoscaling.v2.HorizontalPodAutoscaler(
                name,
                metadata=metadata(NAME, args.namespace, name=NAME),
                spec=manifests.autoscaler(app.autoscaling),
                opts=child,
            )
        self.endpoint = Endpoint(host=NAME, port=80, peer=Peer(labels=selector(NAME)))
        self.watch = kotaemon_watch(
            args.scope,
            self.endpoint,
            args.models,
            args.sign_in,
            serving_port=self.serving_port,
            health=sidecars.HEALTH,
        )
        databases = {
            "postgres": None if args.database.proxy else args.database.endpoint,
            "vectors": args.vectors.endpoint,
            "documents": args.documents.endpoint,
        }
        self.flows = manifests.outgoing(args.models, args.sign_in) + tuple(
            Flow(
                name=f"{NAME}-to-{database}",
                source=selector(NAME),
                destination=endpoint.peer,
                ports=(endpoint.port,),
            )
            for database, endpoint in databases.items()
            if endpoint is not None
        )
        self.register_outputs({})
