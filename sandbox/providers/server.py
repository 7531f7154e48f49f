"""Serving a provider to the engine: the port, the calls, the way back for messages, the end."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from typing import ClassVar, Protocol

from . import protocol, wire
from .protocol import (
    ConfigureRequest,
    Context,
    Difference,
    InitFailedError,
    InvokeRequest,
    Message,
    ResourceRequest,
)
from .wire import Properties

DEBUG, INFO, WARNING, ERROR = range(4)
_UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
# The engine bounds how many calls it makes at once; a thread that waits costs next to nothing.
_MAX_CALLS = 512


class Host(Protocol):
    """The engine, as a provider sees it."""

    def log(self, severity: int, urn: str, text: str) -> None:
        """Print a message that stays."""

    def status(self, severity: int, urn: str, text: str) -> None:
        """Show what is going on with a resource right now."""


class Engine:
    """The engine over gRPC; without an address, messages go nowhere."""

    def __init__(self, address: str | None) -> None:
        self._pb = protocol.messages("engine_pb2")
        self._send: Callable[[Message], object] | None = None
        if address:
            self.attach(address)

    def attach(self, address: str) -> None:
        """Connect to an engine."""
        import grpc
        from google.protobuf.empty_pb2 import Empty

        channel = grpc.insecure_channel(address, options=_UNLIMITED)
        call = channel.unary_unary(
            "/pulumirpc.Engine/Log",
            request_serializer=self._pb.LogRequest.SerializeToString,
            response_deserializer=Empty.FromString,
        )
        self._now: Callable[[Message], object] = lambda message: call(message, timeout=5)
        self._send = call.future

    def log(self, severity: int, urn: str, text: str) -> None:
        """Print a message that stays; it is delivered before this returns."""
        import grpc

        if self._send:
            try:
                self._now(self._pb.LogRequest(severity=severity, message=text, urn=urn))
            except grpc.RpcError:
                return  # An engine that is going away misses no message that matters.

    def status(self, severity: int, urn: str, text: str) -> None:
        """Show a passing message, without waiting for it to arrive."""
        if self._send:
            self._send(self._pb.LogRequest(severity=severity, message=text, urn=urn, ephemeral=True))


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

    def refuse(self, what: str) -> Failure:
        """The error for what only the official plugin can do."""
        return Failure(
            f"{what} is not supported by the sandbox's stand-in for the {self.name} provider; "
            f"it needs the official plugin: pulumi plugin install resource {self.name} {self.version}"
        )


class _Calls:
    """The protocol's methods, between messages and a `Provider`."""

    def __init__(self, provider: Provider, engine: Engine) -> None:
        self._provider, self._engine = provider, engine
        self._pb = protocol.messages("provider_pb2")
        self._plugin = protocol.messages("plugin_pb2")

    def get_plugin_info(self, request: Message) -> Message:
        info: Message = self._plugin.PluginInfo(version=self._provider.version)
        return info

    def attach(self, request: Message) -> Message:
        self._engine.attach(str(getattr(request, "address", "")))
        return self._empty()

    def cancel(self, request: Message) -> Message:
        self._provider.cancelled.set()
        return self._empty()

    def _checked(self, result: tuple[Properties, dict[str, str]]) -> Message:
        inputs, failures = result
        response: Message = self._pb.CheckResponse(
            inputs=wire.encode(inputs),
            failures=[self._pb.CheckFailure(property=key, reason=why) for key, why in failures.items()],
        )
        return response

    def check_config(self, request: ResourceRequest) -> Message:
        return self._checked(self._provider.check_config(request))

    def diff_config(self, request: ResourceRequest) -> Message:
        return protocol.diff_response(self._provider.diff_config(request))

    def configure(self, request: ConfigureRequest) -> Message:
        self._provider.configure(request)
        response: Message = self._pb.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, supports_autonaming_configuration=True
        )
        return response

    def check(self, request: ResourceRequest) -> Message:
        return self._checked(self._provider.check(request))

    def diff(self, request: ResourceRequest) -> Message:
        return protocol.diff_response(self._provider.diff(request))

    def create(self, request: ResourceRequest) -> Message:
        identity, state = self._provider.create(request)
        response: Message = self._pb.CreateResponse(id=identity, properties=wire.encode(state))
        return response

    def read(self, request: ResourceRequest) -> Message:
        found = self._provider.read(request)
        response: Message
        if found is None:
            response = self._pb.ReadResponse()
        else:
            identity, state, inputs = found
            response = self._pb.ReadResponse(
                id=identity, properties=wire.encode(state), inputs=wire.encode(inputs)
            )
        return response

    def update(self, request: ResourceRequest) -> Message:
        response: Message = self._pb.UpdateResponse(properties=wire.encode(self._provider.update(request)))
        return response

    def delete(self, request: ResourceRequest) -> Message:
        self._provider.delete(request)
        return self._empty()

    def invoke(self, request: InvokeRequest) -> Message:
        raise self._provider.refuse(f"the function {request.tok}")

    def call(self, request: InvokeRequest) -> Message:
        raise self._provider.refuse(f"the method {request.tok}")

    def construct(self, request: InvokeRequest) -> Message:
        raise self._provider.refuse(f"the component {request.type}")

    def _empty(self) -> Message:
        from google.protobuf.empty_pb2 import Empty

        empty: Message = Empty()
        return empty

    def table(self) -> Mapping[str, tuple[Callable[[Message], Message], type[Message]]]:
        """Each method's name with its handler and the class of its request."""
        pb = self._pb
        empty = type(self._empty())
        return {  # type: ignore[return-value]  # each handler takes its own kind of message
            "GetPluginInfo": (self.get_plugin_info, empty),
            "Attach": (self.attach, self._plugin.PluginAttach),
            "Cancel": (self.cancel, empty),
            "CheckConfig": (self.check_config, pb.CheckRequest),
            "DiffConfig": (self.diff_config, pb.DiffRequest),
            "Configure": (self.configure, pb.ConfigureRequest),
            "Check": (self.check, pb.CheckRequest),
            "Diff": (self.diff, pb.DiffRequest),
            "Create": (self.create, pb.CreateRequest),
            "Read": (self.read, pb.ReadRequest),
            "Update": (self.update, pb.UpdateRequest),
            "Delete": (self.delete, pb.DeleteRequest),
            "Invoke": (self.invoke, pb.InvokeRequest),
            "Call": (self.call, pb.CallRequest),
            "Construct": (self.construct, pb.ConstructRequest),
        }


def _guarded(handler: Callable[[Message], Message]) -> Callable[[Message, Context], Message | None]:
    """Turn Python's exceptions into the protocol's errors."""
    import grpc

    def call(request: Message, context: Context) -> Message | None:
        try:
            return handler(request)
        except InitFailedError as error:
            context.set_trailing_metadata([("grpc-status-details-bin", _details(error))])
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except Failure as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        return None

    return call


def _details(error: InitFailedError) -> bytes:
    pb, status_pb = protocol.messages("provider_pb2"), protocol.messages("status_pb2")
    detail = pb.ErrorResourceInitFailed(
        id=error.id, properties=error.state, reasons=error.reasons, inputs=error.inputs
    )
    status = status_pb.Status(code=2, message=str(error))
    status.details.add().Pack(detail)
    encoded: bytes = status.SerializeToString()
    return encoded


def serve(make: Callable[[Host], Provider]) -> None:
    """Serve a provider until the engine ends it or is gone. The engine's address is the last argument."""
    from concurrent.futures import ThreadPoolExecutor

    import grpc

    addresses = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    engine = Engine(addresses[-1] if addresses else None)
    provider = make(engine)
    methods = {
        name: grpc.unary_unary_rpc_method_handler(
            _guarded(handler),
            request_deserializer=request.FromString,  # type: ignore[attr-defined]  # every message has it
            response_serializer=lambda message: message.SerializeToString(),
        )
        for name, (handler, request) in _Calls(provider, engine).table().items()
    }
    server = grpc.server(ThreadPoolExecutor(_MAX_CALLS), options=_UNLIMITED)
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("pulumirpc.ResourceProvider", methods),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()

    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    parent = os.getppid()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    # An engine that was killed can't tell; its child notices that it has another parent.
    while not stopping.wait(0.5) and os.getppid() == parent:
        pass
    provider.cancelled.set()
    server.stop(grace=1).wait(1)
    # Threads that still wait on the network must not hold the process.
    os._exit(0)
