"""The protocol's methods: from a request's message to a `Provider`, and its answer back into a message."""

from collections.abc import Callable, Mapping

from . import protocol, wire
from .base import Provider
from .protocol import ConfigureRequest, InvokeRequest, Message, ResourceRequest
from .wire import Properties


class Calls:
    """The protocol's methods, between messages and a `Provider`."""

    def __init__(self, provider: Provider, attach: Callable[[str], None]) -> None:
        self._provider, self._attach_to = provider, attach
        self._pb = protocol.messages("provider_pb2")
        self._plugin = protocol.messages("plugin_pb2")

    def _get_plugin_info(self, request: Message) -> Message:
        info: Message = self._plugin.PluginInfo(version=self._provider.version)
        return info

    def _attach(self, request: Message) -> Message:
        self._attach_to(str(getattr(request, "address", "")))
        return protocol.empty()

    def _cancel(self, request: Message) -> Message:
        self._provider.cancelled.set()
        return protocol.empty()

    def _checked(self, result: tuple[Properties, dict[str, str]]) -> Message:
        inputs, failures = result
        response: Message = self._pb.CheckResponse(
            inputs=wire.encode(inputs),
            failures=[self._pb.CheckFailure(property=key, reason=why) for key, why in failures.items()],
        )
        return response

    def _check_config(self, request: ResourceRequest) -> Message:
        return self._checked(self._provider.check_config(request))

    def _diff_config(self, request: ResourceRequest) -> Message:
        return protocol.diff_response(self._provider.diff_config(request))

    def _configure(self, request: ConfigureRequest) -> Message:
        self._provider.configure(request)
        response: Message = self._pb.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, supports_autonaming_configuration=True
        )
        return response

    def _check(self, request: ResourceRequest) -> Message:
        return self._checked(self._provider.check(request))

    def _diff(self, request: ResourceRequest) -> Message:
        return protocol.diff_response(self._provider.diff(request))

    def _create(self, request: ResourceRequest) -> Message:
        identity, state = self._provider.create(request)
        response: Message = self._pb.CreateResponse(id=identity, properties=wire.encode(state))
        return response

    def _read(self, request: ResourceRequest) -> Message:
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

    def _update(self, request: ResourceRequest) -> Message:
        response: Message = self._pb.UpdateResponse(properties=wire.encode(self._provider.update(request)))
        return response

    def _delete(self, request: ResourceRequest) -> Message:
        self._provider.delete(request)
        return protocol.empty()

    def _invoke(self, request: InvokeRequest) -> Message:
        answer: Message = self._pb.InvokeResponse(**{"return": wire.encode(self._provider.invoke(request))})
        return answer

    def _call(self, request: InvokeRequest) -> Message:
        raise self._provider.refuse(f"the method {request.tok}")

    def _construct(self, request: InvokeRequest) -> Message:
        raise self._provider.refuse(f"the component {request.type}")

    def table(self) -> Mapping[str, tuple[Callable[..., Message], type[Message]]]:
        """Each method's name with its handler and the class of its request."""
        pb = self._pb
        empty = type(protocol.empty())
        return {
            "GetPluginInfo": (self._get_plugin_info, empty),
            "Attach": (self._attach, self._plugin.PluginAttach),
            "Cancel": (self._cancel, empty),
            "CheckConfig": (self._check_config, pb.CheckRequest),
            "DiffConfig": (self._diff_config, pb.DiffRequest),
            "Configure": (self._configure, pb.ConfigureRequest),
            "Check": (self._check, pb.CheckRequest),
            "Diff": (self._diff, pb.DiffRequest),
            "Create": (self._create, pb.CreateRequest),
            "Read": (self._read, pb.ReadRequest),
            "Update": (self._update, pb.UpdateRequest),
            "Delete": (self._delete, pb.DeleteRequest),
            "Invoke": (self._invoke, pb.InvokeRequest),
            "Call": (self._call, pb.CallRequest),
            "Construct": (self._construct, pb.ConstructRequest),
        }
