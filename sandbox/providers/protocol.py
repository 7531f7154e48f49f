"""Pulumi's provider protocol, as far as the stand-ins speak it: its messages, and their shapes.

The message classes come from the installed Pulumi SDK. They are generated without usable types, so
their shapes are declared here.
"""

# ruff: noqa: D102 - the members of the shapes are named and described by protobuf

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Protocol


class StructValue(Protocol):
    """google.protobuf.Value."""

    string_value: str
    number_value: float
    bool_value: bool

    @property
    def struct_value(self) -> "Struct": ...
    @property
    def list_value(self) -> "ListValue": ...
    def WhichOneof(self, group: str) -> str | None: ...  # noqa: N802 - protobuf's name


class ListValue(Protocol):
    """google.protobuf.ListValue."""

    @property
    def values(self) -> Iterable[StructValue]: ...


class Struct(Protocol):
    """google.protobuf.Struct."""

    @property
    def fields(self) -> Mapping[str, StructValue]: ...
    def update(self, values: Mapping[str, object]) -> None: ...


class Message(Protocol):
    """Any protobuf message."""

    @staticmethod
    def FromString(data: bytes) -> "Message": ...  # noqa: N802 - protobuf's name
    def SerializeToString(self) -> bytes: ...  # noqa: N802 - protobuf's name
    def HasField(self, name: str) -> bool: ...  # noqa: N802 - protobuf's name


class Autonaming(Protocol):
    """CheckRequest.AutonamingOptions: the engine's say in a name."""

    proposed_name: str
    mode: int


# AutonamingOptions.Mode: 0 is a proposal, 1 an order.
AUTONAMING_DISABLED = 2


class ResourceRequest(Message, Protocol):
    """What the requests about one resource have in common; each request has some of these."""

    id: str
    urn: str
    name: str
    type: str
    timeout: float
    preview: bool
    randomSeed: bytes  # noqa: N815 - protobuf's name

    @property
    def olds(self) -> Struct: ...
    @property
    def news(self) -> Struct: ...
    @property
    def old_inputs(self) -> Struct: ...
    @property
    def properties(self) -> Struct: ...
    @property
    def inputs(self) -> Struct: ...
    @property
    def autonaming(self) -> Autonaming: ...
    @property
    def ignoreChanges(self) -> Iterable[str]: ...  # noqa: N802 - protobuf's name


class ConfigureRequest(Message, Protocol):
    """The provider's configuration."""

    @property
    def args(self) -> Struct: ...
    @property
    def variables(self) -> Mapping[str, str]: ...


class InvokeRequest(Message, Protocol):
    """A call of a function, a method or a component."""

    tok: str
    type: str
    preview: bool

    @property
    def args(self) -> Struct: ...


class Context(Protocol):
    """grpc.ServicerContext."""

    def is_active(self) -> bool: ...
    def abort(self, code: object, details: str) -> None: ...
    def set_trailing_metadata(self, metadata: Iterable[tuple[str, bytes]]) -> None: ...


ADD, ADD_REPLACE, DELETE, DELETE_REPLACE, UPDATE, UPDATE_REPLACE = range(6)


@dataclass
class Difference:
    """What an update would change. `detail` maps property paths to kinds (`ADD` to `UPDATE_REPLACE`)."""

    detail: dict[str, int] = field(default_factory=dict)
    replaces: list[str] = field(default_factory=list)
    changed: bool | None = None
    delete_first: bool = False
    # Paths whose kind is about inputs only.
    in_inputs: set[str] = field(default_factory=set)
    # Without detail: the names of the properties that differ.
    diffs: list[str] = field(default_factory=list)
    has_detail: bool = True


class InitFailedError(Exception):
    """The resource exists but did not become ready: the engine keeps it and tries again next time."""

    def __init__(
        self, message: str, id: str, state: Struct, reasons: list[str], inputs: Struct | None = None
    ):
        super().__init__(message)
        self.id, self.state, self.reasons, self.inputs = id, state, reasons, inputs


_PACKAGE = "pulumi.runtime.proto"


def light_imports() -> None:
    """Make the message classes importable without the rest of the Pulumi SDK (0.4 s).

    Only for a plugin's own process: the real `pulumi` can't be imported afterwards.
    """
    spec = importlib.util.find_spec("pulumi")
    if "pulumi" in sys.modules or spec is None or spec.origin is None:
        return
    root = Path(spec.origin).parent
    for name, folder in (
        ("pulumi", root),
        ("pulumi.runtime", root / "runtime"),
        (_PACKAGE, root / "runtime" / "proto"),
    ):
        module = ModuleType(name)
        module.__path__ = [str(folder)]
        sys.modules[name] = module


def messages(name: str) -> ModuleType:
    """The module of generated messages, such as `provider_pb2`."""
    return importlib.import_module(f"{_PACKAGE}.{name}")


def grpc() -> ModuleType:
    """The gRPC library; it comes without types, too."""
    return importlib.import_module("grpc")


def parser(kind: type[Message]) -> Callable[[bytes], Message]:
    """What turns bytes into a message of this kind."""
    return kind.FromString


def empty() -> Message:
    """The answer that says nothing."""
    made: Message = importlib.import_module("google.protobuf.empty_pb2").Empty()
    return made


def struct() -> Struct:
    """An empty Struct."""
    made: Struct = importlib.import_module("google.protobuf.struct_pb2").Struct()
    return made


def diff_response(difference: Difference) -> Message:
    """The message for a difference."""
    pb = messages("provider_pb2")
    changed = (
        bool(difference.detail or difference.diffs) if difference.changed is None else difference.changed
    )
    response = pb.DiffResponse(
        changes=pb.DiffResponse.DIFF_SOME if changed else pb.DiffResponse.DIFF_NONE,
        replaces=difference.replaces,
        deleteBeforeReplace=difference.delete_first,
        hasDetailedDiff=difference.has_detail,
        diffs=difference.diffs,
    )
    for path, kind in difference.detail.items():
        response.detailedDiff[path].kind = kind
        response.detailedDiff[path].inputDiff = path in difference.in_inputs
    result: Message = response
    return result


def urn_type(urn: str) -> str:
    """The type token of a resource: the last of the chain of types in its URN."""
    return urn.split("::")[2].rpartition("$")[2]


def urn_name(urn: str) -> str:
    """The name of a resource within its program."""
    return "::".join(urn.split("::")[3:])
