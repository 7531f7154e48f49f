"""Keys of the project's own, and who may use each: Google's services never see another's."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

_NINETY_DAYS = f"{90 * 24 * 3600}s"
_THIRTY_DAYS = f"{30 * 24 * 3600}s"


@dataclass(frozen=True, kw_only=True)
class KeysArgs:
    """What `Keys` needs."""

    project: pulumi.Input[str]
    region: str
    users: Mapping[str, Mapping[str, pulumi.Input[str]]] = field(default_factory=dict)
    """Key -> who may encrypt and decrypt with it (IAM members, by what each is)."""
    protect: bool = False
    """Whether deleting one is refused: a key that is destroyed takes all with it that it encrypted."""


class Keys(pulumi.ComponentResource):
    """A key ring, and one rotating key for each use. Source: cloud.google.com/kms/docs/cmek-best-practices."""

    ids: Mapping[str, pulumi.Output[str]]
    """Key -> its full name, known once its users may use it."""

    def __init__(self, name: str, args: KeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("kotaemon:index:Keys", name, None, opts)
        kept = pulumi.ResourceOptions(parent=self, protect=args.protect)
        ring = gcp.kms.KeyRing(name, project=args.project, location=args.region, opts=kept)
        ids: dict[str, pulumi.Output[str]] = {}
        for key, users in args.users.items():
            made = gcp.kms.CryptoKey(
                f"{name}-{key}",
                key_ring=ring.id,
                purpose="ENCRYPT_DECRYPT",
                rotation_period=_NINETY_DAYS,
                destroy_scheduled_duration=_THIRTY_DAYS,
                version_template=gcp.kms.CryptoKeyVersionTemplateArgs(
                    algorithm="GOOGLE_SYMMETRIC_ENCRYPTION", protection_level="SOFTWARE"
                ),
                opts=kept,
            )
            grants = [
                gcp.kms.CryptoKeyIAMMember(
                    f"{name}-{key}-{user}",
                    crypto_key_id=made.id,
                    role="roles/cloudkms.cryptoKeyEncrypterDecrypter",
                    member=member,
                    opts=pulumi.ResourceOptions(parent=self),
                )
                for user, member in users.items()
            ]
            ids[key] = pulumi.Output.all(made.id, *[grant.urn for grant in grants]).apply(
                lambda known: str(known[0])
            )
        self.ids = ids
        self.register_outputs({})
