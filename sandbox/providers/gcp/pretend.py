"""Google's part made up from the inputs: plausible, and the same each time.

For tests that bring the whole program up, and to compute what a change between two commits would do.
"""

import base64
import hashlib
import re
import uuid
from collections.abc import Mapping

from sandbox.providers.wire import Properties, Value

from . import contracts

# Service agents whose names don't follow from their service's.
_AGENTS = {
    "container": "container-engine-robot",
    "sqladmin": "gcp-sa-cloud-sql",
    "storage": "gs-project-accounts",
}
_MADE_UP = re.compile(r"_(digits|hex|base_)(\w+)")


def resource(token: str, inputs: Properties, places: Mapping[str, str]) -> tuple[str, Properties]:
    """The id of a resource, and what Google would say of it beyond its inputs."""
    kind = token.rpartition(":")[2]
    fields = _Fields(inputs, places)
    listed = contracts.TYPES.get(token.removeprefix("gcp:"))
    if listed is None and kind.lower().endswith(("iammember", "iambinding", "iampolicy")):
        listed = contracts.GRANT
    template, outputs = listed or contracts.OTHER
    fields["_kind"] = f"{kind[0].lower()}{kind[1:]}s"
    identity = fields["id"] = template.format_map(fields)
    return identity, {key: _formed(value, fields) for key, value in outputs.items()}


def function(token: str, arguments: Properties, places: Mapping[str, str]) -> Properties | None:
    """What a function returns; None where nothing is made up for it."""
    fields = _Fields(arguments, places)
    fields["id"] = "/".join([token, *(str(value) for _, value in sorted(arguments.items()))])
    returned = contracts.FUNCTIONS.get(token.removeprefix("gcp:"))
    if returned is None:
        return None
    return {
        "id": fields["id"],
        **places,
        **arguments,
        **{key: _formed(value, fields) for key, value in returned.items()},
    }


class _Fields(dict[str, str]):
    """What templates refer to: inputs, places, and what is made up from the id."""

    def __init__(self, inputs: Properties, places: Mapping[str, str]) -> None:
        given = {key: str(value) for key, value in inputs.items() if isinstance(value, str | int)}
        super().__init__({**places, **given})
        self._given = given

    def __missing__(self, key: str) -> str:
        seed = self.get("id", "")
        if (found := _MADE_UP.fullmatch(key)) is not None:
            what, size = found.groups()
            if what == "base_":
                return self[size].rpartition("/")[2]
            return letters(seed, int(size)) if what == "hex" else digits(seed, int(size))
        match key:
            case "_ip":
                return address(seed)
            case "_uuid":
                return str(uuid.uuid5(uuid.NAMESPACE_URL, seed))
            case "_number":
                return f"4{digits(self['project'], 11)}"
            case "_agent":
                name = self.get("service", "storage").removesuffix(".googleapis.com")
                return _AGENTS.get(name, f"gcp-sa-{name}")
            case "_certificate64":
                return base64.b64encode(contracts.CERTIFICATE.encode()).decode()
            case "_parent":
                own = [
                    value for name, value in self._given.items() if name not in ("role", "member", "project")
                ]
                return "/".join(own) or self["project"]
            case "name":
                return letters(repr(sorted(self._given.items())), 8)
            case "projectId":
                return self["project"]
            case "location":
                return "global"
        return f"no-{key}"


def _formed(value: Value, fields: _Fields) -> Value:
    if isinstance(value, dict):
        return {key: _formed(item, fields) for key, item in value.items()}
    if isinstance(value, list):
        return [_formed(item, fields) for item in value]
    return value.format_map(fields) if isinstance(value, str) else value


def digits(text: str, count: int) -> str:
    """A number of so many digits that stands for a text."""
    return str(int(hashlib.sha256(text.encode()).hexdigest(), 16))[:count]


def letters(text: str, count: int) -> str:
    """So many hexadecimal digits that stand for a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:count]


def address(text: str) -> str:
    """An address of the private range 10.192.0.0/10 that stands for a text."""
    one, two, three = hashlib.sha256(text.encode()).digest()[:3]
    return f"10.{192 + one % 64}.{two}.{1 + three % 254}"
