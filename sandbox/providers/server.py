"""Serving a provider to the engine: the port, the way back for messages, errors, the end."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from . import protocol
from .base import Failure, Host, Provider
from .calls import Calls
from .protocol import Context, InitFailedError, Message

_UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
# The engine bounds how many calls it makes at once; a thread that waits costs next to nothing.
_MAX_CALLS = 512


class Engine:
    """The engine over gRPC; without an address, messages go nowhere."""

    def __init__(self, address: str | None) -> None:
        self._pb = protocol.messages("engine_pb2")
        self._send: Callable[[Message], object] | None = None
        if address:
            self.attach(address)

    def attach(self, address: str) -> None:
        """Connect to an engine."""
        channel = protocol.grpc().insecure_channel(address, options=_UNLIMITED)
        call = channel.unary_unary(
            "/pulumirpc.Engine/Log",
            request_serializer=self._pb.LogRequest.SerializeToString,
            response_deserializer=protocol.parser(type(protocol.empty())),
        )
        self._now: Callable[[Message], object] = lambda message: call(message, timeout=5)
        self._send = call.future

    def log(self, severity: int, urn: str, text: str) -> None:
        """Print a message that stays; it is delivered before this returns."""
        if self._send:
            try:
                self._now(self._pb.LogRequest(severity=severity, message=text, urn=urn))
            except protocol.grpc().RpcError:
                return  # An engine that is going away misses no message that matters.

    def status(self, severity: int, urn: str, text: str) -> None:
        """Show a passing message, without waiting for it to arrive."""
        if self._send:
            self._send(self._pb.LogRequest(severity=severity, message=text, urn=urn, ephemeral=True))


def _guarded(handler: Callable[..., Message]) -> Callable[[Message, Context], Message | None]:
    """Turn Python's exceptions into the protocol's errors."""
    grpc = protocol.grpc()

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
    grpc = protocol.grpc()
    addresses = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    engine = Engine(addresses[-1] if addresses else None)
    provider = make(engine)
    methods = {
        name: grpc.unary_unary_rpc_method_handler(
            _guarded(handler),
            request_deserializer=protocol.parser(request),
            response_serializer=lambda message: message.SerializeToString(),
        )
        for name, (handler, request) in Calls(provider, engine.attach).table().items()
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
