"""Secrets: generated here, supplied in the stack's file, or in the namespace already.

Their Kubernetes Secrets are named by Pulumi and immutable: a new value is a new Secret, and the pods that
read it roll.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_random as random
from pulumi_kubernetes import core

from .config import SecretName
from .config.settings import ExistingSecret
from .contracts import SecretRef
from .kubernetes import metadata

KEYS = {SecretName.OIDC_CLIENT: "key"}
"""Keys in a Secret that its reader chooses (IAP reads `key`); the others are the secrets' names."""


@dataclass(frozen=True, kw_only=True)
class GeneratedSecretArgs:
    """What `GeneratedSecret` needs."""

    namespace: pulumi.Input[str]
    component: str
    """Whose secret it is, for the labels."""
    key: str = "password"
    protect: bool = False
    """Whether deleting it is refused: without it, the data that it opens is lost."""


class GeneratedSecret(pulumi.ComponentResource):
    """A random password, kept in the state (encrypted) and in a Secret: 32 letters and digits, 190 bits.

    Letters and digits alone, since applications paste passwords into URLs.
    """

    ref: SecretRef
    value: pulumi.Output[str]

    def __init__(
        self, name: str, args: GeneratedSecretArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("kotaemon:index:GeneratedSecret", name, None, opts)
        password = random.RandomPassword(
            name, length=32, special=False, opts=pulumi.ResourceOptions(parent=self, protect=args.protect)
        )
        self.value = pulumi.Output.secret(password.result)
        secret = core.v1.Secret(
            name,
            metadata=metadata(args.component, args.namespace),
            string_data={args.key: self.value},
            immutable=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.ref = SecretRef(name=secret.metadata.name, key=args.key)
        self.register_outputs({})


@dataclass(frozen=True, kw_only=True)
class SuppliedSecretsArgs:
    """What `SuppliedSecrets` needs."""

    namespace: pulumi.Input[str]
    supplied: Mapping[SecretName, pulumi.Output[str]]
    existing: Mapping[SecretName, ExistingSecret]


class SuppliedSecrets(pulumi.ComponentResource):
    """The secrets that a user supplies, in one Secret, and references to those that are there already."""

    refs: Mapping[SecretName, SecretRef]

    def __init__(
        self, name: str, args: SuppliedSecretsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("kotaemon:index:SuppliedSecrets", name, None, opts)
        refs = {key: SecretRef(name=there.name, key=there.key) for key, there in args.existing.items()}
        if args.supplied:
            secret = core.v1.Secret(
                name,
                metadata=metadata("secrets", args.namespace),
                string_data={KEYS.get(key, key.value): value for key, value in args.supplied.items()},
                immutable=True,
                opts=pulumi.ResourceOptions(parent=self),
            )
            refs |= {
                key: SecretRef(name=secret.metadata.name, key=KEYS.get(key, key.value))
                for key in args.supplied
            }
        self.refs = refs
        self.register_outputs({})
