"""What a provider is: the protocol's calls in Python values, and the engine it answers to."""

import threading
from typing import ClassVar, Protocol

from . import wire
from .protocol import ConfigureRequest, Difference, InvokeRequest, ResourceRequest
from .wire import Properties

DEBUG, INFO, WARNING, ERROR = range(4)


class Host(Protocol):
    """The engine, as a provider sees it."""

    def log(self, severity: int, urn: str, text: str) -> None:
        """Print a message that stays."""

    def status(self, severity: int, urn: str, text: str) -> None:
        """Show what is going on with a resource right now."""


class Failure(Exception):  # noqa: N818 - it is what the user reads, not a class of bug
    """An error whose text is meant for the user."""


class Provider:
    """The calls of the protocol, in Python values. A provider overrides those it supports."""

    name: ClassVar[str]
    version: ClassVar[str]

    def __init__(self, host: Host) -> None:
        self.host = host
        self.cancelled = threading.Event()

    def check_config(self, request: ResourceRequest) -> tuple[Properties, dict[str, str]]:
        """The provider's inputs and what is wrong with them, by property."""
        return wire.decode(request.news), {}

    def diff_config(self, request: ResourceRequest) -> Difference:
        """Whether a change of the provider's inputs means that its resources are replaced."""
        return Difference(has_detail=False)

    def configure(self, request: ConfigureRequest) -> None:
        """Take the provider's configuration."""

    def check(self, request: ResourceRequest) -> tuple[Properties, dict[str, str]]:
        """A resource's inputs with defaults filled in, and what is wrong with them, by property."""
        raise NotImplementedError

    def diff(self, request: ResourceRequest) -> Difference:
        """What an update would change."""
        raise NotImplementedError

    def create(self, request: ResourceRequest) -> tuple[str, Properties]:
        """Create it (or, in a preview, say what it would be): its id and its state."""
        raise NotImplementedError

    def read(self, request: ResourceRequest) -> tuple[str, Properties, Properties] | None:
        """Its id, state and inputs as they really are; None when it is gone."""
        raise NotImplementedError

    def update(self, request: ResourceRequest) -> Properties:
        """Change it and return its state."""
        raise NotImplementedError

    def delete(self, request: ResourceRequest) -> None:
        """Delete it; one that is gone already is fine."""
        raise NotImplementedError

    def invoke(self, request: InvokeRequest) -> Properties:
        """What a function returns."""
        raise self.refuse(f"the function {request.tok}")

    def refuse(self, what: str) -> Failure:
        """The error for what only the official plugin can do."""
        return Failure(
            f"{what} is not supported by the sandbox's stand-in for the {self.name} provider; "
            f"it needs the official plugin: pulumi plugin install resource {self.name} {self.version}"
        )
