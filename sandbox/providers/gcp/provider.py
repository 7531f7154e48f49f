"""The gcp provider: previews from the types and facts beside it; anything else would need Google."""

import hashlib
import os
import secrets

from sandbox.providers import protocol, wire
from sandbox.providers.base import WARNING, Failure, Host, Provider
from sandbox.providers.protocol import ConfigureRequest, Difference, InvokeRequest, ResourceRequest
from sandbox.providers.wire import UNKNOWN, Properties, Secret, Unknown, Value

from . import checks, computed, diff, pretend, replaces, sdk, settings
from .sdk import ResourceType
from .settings import Settings

VARIABLE = "KOTAEMON_STAND_IN_GOOGLE"
PRETEND = "pretend"
"""The value with which creating, updating and deleting succeed, and change nothing but the state."""

_DEFAULTS = "__defaults"
_RANDOM = 7
# The longest generated names of what isn't called `name`.
_NAMED = {
    "gcp:serviceaccount/account:Account": ("accountId", 30),
    "gcp:organizations/project:Project": ("projectId", 30),
}
_LABELS = {"gcp:container/cluster:Cluster": "resourceLabels"}


class Gcp(Provider):
    """The gcp provider."""

    name, version = "gcp", "10.2.0"

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._settings = Settings()
        self._pretends = os.environ.get(VARIABLE) == PRETEND

    def check_config(self, request: ResourceRequest) -> tuple[Properties, dict[str, str]]:
        """Refuse what the provider has no setting for. Values come as text, whatever their type."""
        inputs, allowed = wire.decode(request.news), sdk.provider_config()
        return inputs, {
            key: "unknown setting of the gcp provider" for key in inputs if key not in {*allowed, "version"}
        }

    def diff_config(self, request: ResourceRequest) -> Difference:
        """No setting's change replaces the resources; each resource says itself what does."""
        olds, news = wire.decode(request.olds), wire.decode(request.news)
        return Difference(has_detail=False, diffs=[k for k in {**olds, **news} if olds.get(k) != news.get(k)])

    def configure(self, request: ConfigureRequest) -> None:
        """Take the settings. Credentials aren't looked at."""
        self._settings = settings.read({**request.variables})

    def _type(self, request: ResourceRequest) -> ResourceType:
        token = protocol.urn_type(request.urn)
        found = sdk.resource(token)
        if found is None:
            raise Failure(f"pulumi-gcp {self.version} has no resource type {token}")
        return found

    def check(self, request: ResourceRequest) -> tuple[Properties, dict[str, str]]:
        """Name what is unknown, missing or of another type; fill in a generated name."""
        type_ = self._type(request)
        inputs, olds = wire.decode(request.news), wire.decode(request.olds)
        inputs.pop(_DEFAULTS, None)
        key, limit = _NAMED.get(protocol.urn_type(request.urn), ("name", 63))
        named = type_.inputs.get(key)
        if named and not named.required and inputs.get(key) is None:
            kept = olds.get(key) if key in _defaults(olds) else None
            inputs |= {key: kept or _generated(request, limit), _DEFAULTS: [key]}
        return inputs, checks.check(inputs, type_.inputs)

    def diff(self, request: ResourceRequest) -> Difference:
        """Compare the inputs, and the labels that the provider adds."""
        token, type_ = protocol.urn_type(request.urn), self._type(request)
        state = wire.decode(request.olds)
        olds, news = _plain(wire.decode(request.old_inputs)), _plain(wire.decode(request.news))
        result = diff.compare(olds, news, replaces.rules(token))
        if "effectiveLabels" in type_.outputs:
            had = _plain(state).get("effectiveLabels")
            had = had if isinstance(had, dict) else {}
            labels = _plain({"effectiveLabels": self._labels(token, news, had)})
            added = diff.compare({"effectiveLabels": had}, labels, replaces.Rules())
            result.detail |= added.detail
        key, _ = _NAMED.get(token, ("name", 0))
        if result.replaces and key in news and key not in _defaults(news):
            # Two of one name can't be there at once.
            result.delete_first = olds.get(key) == news.get(key)
        return result

    def create(self, request: ResourceRequest) -> tuple[str, Properties]:
        """Say what it would be: its inputs, and as unknown what only Google knows."""
        token, type_ = protocol.urn_type(request.urn), self._type(request)
        inputs = wire.decode(request.properties)
        state = self._known(token, type_, inputs, None)
        if request.preview:
            unknown = dict.fromkeys(sorted(type_.outputs | type_.settled), UNKNOWN)
            return "", {**unknown, **computed.fill(token, state, {}, UNKNOWN)}
        self._need_pretence(f"create {protocol.urn_name(request.urn)} ({token})")
        identity, outputs = pretend.resource(token, _plain(state), self._settings.places)
        return identity, _table(computed.merged(outputs, state))

    def read(self, request: ResourceRequest) -> tuple[str, Properties, Properties] | None:
        """What is in the state, in pretence; else it would have to be asked of Google."""
        self._need_pretence(f"read {request.id} ({protocol.urn_type(request.urn)})")
        return request.id, wire.decode(request.properties), wire.decode(request.inputs)

    def update(self, request: ResourceRequest) -> Properties:
        """Say what it would be; what Google has made up stays."""
        token, type_ = protocol.urn_type(request.urn), self._type(request)
        olds, news = wire.decode(request.olds), wire.decode(request.news)
        if not request.preview:
            self._need_pretence(f"update {protocol.urn_name(request.urn)} ({token})")
        had = _plain(olds).get("effectiveLabels")
        state = self._known(token, type_, news, had if isinstance(had, dict) else {})
        kept = {k: v for k, v in olds.items() if k not in type_.inputs or k in type_.settled}
        return {**kept, **computed.fill(token, state, olds, UNKNOWN if request.preview else None)}

    def delete(self, request: ResourceRequest) -> None:
        """Forget it, in pretence."""
        self._need_pretence(f"delete {protocol.urn_name(request.urn)} ({protocol.urn_type(request.urn)})")

    def invoke(self, request: InvokeRequest) -> Properties:
        """What a function returns, made up. The protocol has no unknowns there, so a preview is told so."""
        names = sdk.results(request.tok)
        if names is None:
            raise Failure(f"pulumi-gcp {self.version} has no function {request.tok}")
        arguments = _plain(wire.decode(request.args))
        said = pretend.function(request.tok, arguments, self._settings.places)
        if said is None or not (self._pretends or request.preview):
            raise self._refusal(f"call {request.tok}")
        if not self._pretends:
            what = f"{request.tok}: only Google knows; the preview goes on with a made-up answer"
            self.host.log(WARNING, "", what)
        return {key: value for key, value in said.items() if key in names}

    def _labels(self, token: str, inputs: Properties, had: Value) -> Value:
        own = inputs.get(_LABELS.get(token, "labels"))
        return settings.effective_labels(own, self._settings, had if isinstance(had, dict) else None)

    def _known(
        self, token: str, type_: ResourceType, inputs: Properties, had: Properties | None
    ) -> Properties:
        """The inputs, and what follows from them and the provider's settings."""
        state: Properties = {key: value for key, value in inputs.items() if key != _DEFAULTS}
        for place, value in self._settings.places.items():
            if place in type_.settled and place not in state:
                state[place] = value
        if "effectiveLabels" in type_.outputs:
            labels = self._labels(token, inputs, had)
            state |= dict.fromkeys(("effectiveLabels", "pulumiLabels"), labels)
        return {key: _secret(value) if key in type_.secrets else value for key, value in state.items()}

    def _need_pretence(self, what: str) -> None:
        if not self._pretends:
            raise self._refusal(what)

    def _refusal(self, what: str) -> Failure:
        return Failure(
            f"can't {what}: that needs Google, and this stand-in for the gcp provider only previews. Install "
            f"the official CLI (https://www.pulumi.com/docs/install/) and plugin (pulumi plugin install "
            f"resource gcp {self.version}), then: gcloud auth application-default login"
        )


def _generated(request: ResourceRequest, limit: int) -> str:
    """A name after the resource's, as the engine wants it, else with random letters."""
    if request.HasField("autonaming") and request.autonaming.proposed_name:
        return request.autonaming.proposed_name
    seed = request.randomSeed or secrets.token_bytes(8)
    letters = hashlib.sha256(seed).hexdigest()[:_RANDOM]
    return f"{protocol.urn_name(request.urn)[: limit - _RANDOM - 1]}-{letters}".lower()


def _defaults(inputs: Properties) -> list[Value]:
    """The inputs that the provider filled in."""
    names = inputs.get(_DEFAULTS)
    return names if isinstance(names, list) else []


def _plain(properties: Properties) -> Properties:
    """The properties with all secrets in them unwrapped."""
    return _table(wire.reveal(properties))


def _table(value: Value) -> Properties:
    if not isinstance(value, dict):
        raise TypeError("properties must be maps")
    return value


def _secret(value: Value) -> Value:
    return value if isinstance(value, Secret | Unknown) else Secret(value)
