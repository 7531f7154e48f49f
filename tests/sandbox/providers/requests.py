"""Requests as the engine sends them, and an engine that remembers what it is told."""

import importlib
from collections.abc import Sequence

from sandbox.providers import wire
from sandbox.providers.protocol import ConfigureRequest, InvokeRequest, ResourceRequest
from sandbox.providers.wire import Properties


class Host:
    """An engine that keeps the messages."""

    def __init__(self) -> None:
        self.logged: list[str] = []

    def log(self, severity: int, urn: str, text: str) -> None:
        self.logged.append(text)

    def status(self, severity: int, urn: str, text: str) -> None:
        """Passing messages are not kept."""


def urn(token: str, name: str = "thing") -> str:
    return f"urn:pulumi:test::project::kotaemon:index:Part${token}::{name}"


def _make(message: str, **fields: object) -> ResourceRequest:
    module = importlib.import_module("pulumi.runtime.proto.provider_pb2")
    made: ResourceRequest = getattr(module, message)(**fields)
    return made


def check(
    token: str, news: Properties, olds: Properties | None = None, seed: bytes = b"", name: str = "thing"
) -> ResourceRequest:
    return _make(
        "CheckRequest",
        urn=urn(token, name),
        news=wire.encode(news),
        olds=wire.encode(olds or {}),
        randomSeed=seed,
    )


def diff(
    token: str,
    olds: Properties,
    news: Properties,
    ignored: Sequence[str] = (),
    old_inputs: Properties | None = None,
) -> ResourceRequest:
    return _make(
        "DiffRequest",
        urn=urn(token),
        olds=wire.encode(olds),
        news=wire.encode(news),
        ignoreChanges=ignored,
        old_inputs=wire.encode(old_inputs or {}),
    )


def create(token: str, inputs: Properties, preview: bool = False) -> ResourceRequest:
    return _make("CreateRequest", urn=urn(token), properties=wire.encode(inputs), preview=preview)


def read(token: str, identity: str, state: Properties | None = None) -> ResourceRequest:
    return _make("ReadRequest", urn=urn(token), id=identity, properties=wire.encode(state or {}))


def update(token: str, olds: Properties, news: Properties, preview: bool = False) -> ResourceRequest:
    return _make(
        "UpdateRequest", urn=urn(token), olds=wire.encode(olds), news=wire.encode(news), preview=preview
    )


def delete(token: str, identity: str, state: Properties) -> ResourceRequest:
    return _make("DeleteRequest", urn=urn(token), id=identity, properties=wire.encode(state))


def configure(variables: dict[str, str]) -> ConfigureRequest:
    module = importlib.import_module("pulumi.runtime.proto.provider_pb2")
    made: ConfigureRequest = module.ConfigureRequest(variables=variables)
    return made


def invoke(token: str, arguments: Properties, preview: bool = False) -> InvokeRequest:
    module = importlib.import_module("pulumi.runtime.proto.provider_pb2")
    made: InvokeRequest = module.InvokeRequest(tok=token, args=wire.encode(arguments), preview=preview)
    return made
