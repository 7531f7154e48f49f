"""Secrets out of Google's Secret Manager, kept in step by GKE as Kubernetes Secrets.

Kotaemon reads its environment, so a mounted volume wouldn't do. Source:
cloud.google.com/secret-manager/docs/sync-k8-secrets.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

import pulumi
import pulumi_gcp as gcp
import pulumi_kubernetes as k8s
from pulumi_kubernetes import core

from .config import SecretName
from .config.google import ManagedSecret
from .contracts import SecretRef
from .kubernetes import metadata
from .secrets import KEYS

NAME = "secret-sync"


class Entry(TypedDict):
    """From which file of the provider class to which key of the Secret."""

    sourcePath: str
    targetKey: str


class SecretObject(TypedDict):
    """The Secret that is made."""

    type: str
    data: list[Entry]


class SecretSyncSpec(TypedDict):
    """secret-sync.gke.io/v1 SecretSync."""

    serviceAccountName: pulumi.Input[str]
    secretProviderClassName: pulumi.Input[str]
    secretObject: SecretObject


class ProviderClassSpec(TypedDict):
    """secrets-store.csi.x-k8s.io/v1 SecretProviderClass."""

    provider: str
    parameters: Mapping[str, pulumi.Input[str]]


def provider_class(project: str, secrets: Mapping[SecretName, ManagedSecret]) -> ProviderClassSpec:
    """Which versions of which secrets. The list is YAML inside YAML, as the provider wants it."""
    files = [
        {
            "resourceName": f"projects/{project}/secrets/{one.secret}/versions/{one.version}",
            "path": name.value,
        }
        for name, one in sorted(secrets.items())
    ]
    return ProviderClassSpec(provider="gke", parameters={"secrets": json.dumps(files)})


def sync_spec(
    account: pulumi.Input[str], provider: pulumi.Input[str], secrets: Mapping[SecretName, ManagedSecret]
) -> SecretSyncSpec:
    """What becomes of them: a Secret of the same name as the SecretSync."""
    return SecretSyncSpec(
        serviceAccountName=account,
        secretProviderClassName=provider,
        secretObject=SecretObject(
            type="Opaque",
            data=[
                Entry(sourcePath=name.value, targetKey=KEYS.get(name, name.value)) for name in sorted(secrets)
            ],
        ),
    )


def generation(project: str, secrets: Mapping[SecretName, ManagedSecret]) -> str:
    """A name that another version changes, so that the pods that read the Secret roll."""
    told = json.dumps([project, *sorted((name, one.secret, one.version) for name, one in secrets.items())])
    return f"managed-{hashlib.sha256(told.encode()).hexdigest()[:10]}"


@dataclass(frozen=True, kw_only=True)
class ManagedSecretsArgs:
    """What `ManagedSecrets` needs."""

    secrets: Mapping[SecretName, ManagedSecret]
    project: pulumi.Input[str]
    project_id: str
    project_number: pulumi.Input[str]
    namespace: pulumi.Input[str]
    namespace_name: str
    identities: pulumi.Input[str]
    """The cluster's pool of workload identities, known once it is there: Google refuses a member of none."""


class ManagedSecrets(pulumi.ComponentResource):
    """Kubernetes Secrets that GKE fills from Secret Manager; their values never pass through here."""

    refs: Mapping[SecretName, SecretRef]

    def __init__(
        self, name: str, args: ManagedSecretsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("kotaemon:index:ManagedSecrets", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        account = core.v1.ServiceAccount(
            name,
            metadata=metadata(NAME, args.namespace, name=NAME),
            automount_service_account_token=False,
            opts=child,
        )
        reader = pulumi.Output.format(
            "principal://iam.googleapis.com/projects/{0}/locations/global/workloadIdentityPools/"
            "{1}/subject/ns/{2}/sa/{3}",
            args.project_number,
            args.identities,
            args.namespace_name,
            NAME,
        )
        # One secret may hold several keys' worth; it is granted once.
        grants = [
            gcp.secretmanager.SecretIamMember(
                f"{name}-{secret}",
                project=args.project,
                secret_id=secret,
                role="roles/secretmanager.secretAccessor",
                member=reader,
                opts=child,
            )
            for secret in sorted({one.secret for one in args.secrets.values()})
        ]
        secret = generation(args.project_id, args.secrets)
        provider = k8s.apiextensions.CustomResource(
            name,
            api_version="secrets-store.csi.x-k8s.io/v1",
            kind="SecretProviderClass",
            metadata=metadata(NAME, args.namespace, name=secret),
            spec=provider_class(args.project_id, args.secrets),
            opts=child,
        )
        sync = k8s.apiextensions.CustomResource(
            f"{name}-sync",
            api_version="secret-sync.gke.io/v1",
            kind="SecretSync",
            metadata=metadata(NAME, args.namespace, name=secret),
            spec=sync_spec(NAME, secret, args.secrets),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[account, provider, *grants]),
        )
        made = sync.urn.apply(lambda _: secret)
        self.refs = {key: SecretRef(name=made, key=KEYS.get(key, key.value)) for key in args.secrets}
        self.register_outputs({})
