"""What every part of a stack is built on, and what it hands back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar

import pulumi

from components.config import SecretName, StackConfig
from components.config.settings import Settings
from components.contracts import Flow, SecretRef
from components.outputs import Outputs
from components.signals.model import Scope, Watch

if TYPE_CHECKING:
    # The Google SDK takes its time, and most local stacks never need it.
    from components.gke.cloud import GoogleCloud

RELEASE = "kotaemon"
Access = TypeVar("Access")


@dataclass(frozen=True, kw_only=True)
class Base:
    """The stack's settings, and what is there before its data stores."""

    config: StackConfig
    child: pulumi.ResourceOptions
    """Options of the parts: their parent, and the providers."""
    namespace: pulumi.Output[str]
    secrets: Mapping[SecretName, SecretRef] = field(default_factory=dict)
    """What the user supplies, wherever each is."""
    cloud: "GoogleCloud | None" = None

    @property
    def settings(self) -> Settings:
        """The stack's file."""
        return self.config.settings

    @property
    def protect(self) -> bool:
        """Whether what holds data is protected from deletion."""
        return self.settings.production

    @property
    def scope(self) -> Scope:
        """Which metrics are the stack's own."""
        return Scope(namespace=self.settings.namespace.name)

    @property
    def google(self) -> "GoogleCloud":
        """Google Cloud, for what is Google's. Raises ValueError where the stack isn't on it."""
        if self.cloud is None:
            raise ValueError("what is Google's needs kotaemon:google")
        return self.cloud


class Made(StrEnum):
    """What Google runs for a stack under a name that Google, or the engine, gives it."""

    DATABASE = "database"
    ARMOR = "armor"
    """The Cloud Armor policy."""
    ERRORS = "errors"
    """The log-based metric that counts errors."""
    BACKUP_PLAN = "backup-plan"


@dataclass(frozen=True, kw_only=True)
class Part(Generic[Access]):
    """What a part of the stack hands back."""

    access: Access
    flows: tuple[Flow, ...] = ()
    watches: tuple[Watch, ...] = ()
    outputs: Outputs = field(default_factory=dict)
    spaces: tuple[pulumi.Output[str], ...] = ()
    """Other namespaces that it made, known once they are there."""
    made: Mapping[Made, pulumi.Output[str]] = field(default_factory=dict)
    """The names of what Google runs of it."""
