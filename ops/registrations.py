"""What a program registers under mocks, with all options: mocks alone see neither these nor a repeated URN."""

from collections.abc import Iterable
from typing import Protocol

from pulumi.runtime import mocks

from policies.graph import STACK, Resource
from policies.wire import Struct, decoded, mark_secret, paths


class _Request(Protocol):
    """pulumirpc.RegisterResourceRequest, as far as it is read here."""

    type: str
    name: str
    parent: str
    provider: str
    custom: bool
    protect: bool
    retainOnDelete: bool  # noqa: N815 protobuf's name
    object: object
    dependencies: Iterable[str]
    additionalSecretOutputs: Iterable[str]  # noqa: N815 protobuf's name


class _Answer(Protocol):
    """pulumirpc.RegisterResourceResponse, as far as it is changed here."""

    @property
    def object(self) -> Struct:
        """What became of the resource."""


class Monitor(mocks.MockMonitor):
    """Mocks that keep every registration."""

    def __init__(self, computed: mocks.Mocks, mark: str | None = None) -> None:
        super().__init__(computed)
        self.registered: list[Resource] = []
        self._mark = mark
        """Part of every secret's value: what holds it counts as secret, whether or not it is marked as such."""

    def RegisterResource(self, request: _Request) -> object:  # noqa: N802 gRPC's name
        """Keep one registration."""
        answer: _Answer = super().RegisterResource(request)  # type: ignore[no-untyped-call]  # pulumi's mocks are untyped
        # As the engine does, and mocks don't: outputs that hold secrets are secrets.
        mark_secret(answer.object, request.additionalSecretOutputs)
        if request.type != STACK:
            self.registered.append(self._resource(request))
        return answer

    def _resource(self, request: _Request) -> Resource:
        inputs, secrets = decoded(request.object)
        return Resource(
            urn=self.make_urn(request.parent, request.type, request.name),
            type=request.type,
            name=request.name,
            inputs=inputs,
            secrets=secrets | frozenset(paths(inputs, self._mark) if self._mark else ()),
            parent=request.parent,
            provider=request.provider.rpartition("::")[0],
            protect=bool(request.protect),
            retain=bool(request.retainOnDelete),
            custom=request.custom,
            dependencies=tuple(request.dependencies),
        )
