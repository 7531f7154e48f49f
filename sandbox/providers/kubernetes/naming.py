"""Names of objects: given by the program, or generated and kept."""

import hashlib
import secrets

from sandbox.providers import protocol
from sandbox.providers.base import Failure
from sandbox.providers.protocol import ResourceRequest
from sandbox.providers.wire import Properties, Unknown

from .objects import dig, is_true, name_of, put, text

AUTONAMED = "pulumi.com/autonamed"
_LETTERS = "0123456789abcdef"
_LENGTH = 8


def is_named(inputs: Properties) -> bool:
    """Whether the program gives a name, be it one that isn't known yet."""
    return bool(name_of(inputs)) or isinstance(dig(inputs, "metadata", "name"), Unknown)


def is_generated(inputs: Properties) -> bool:
    """Whether the server is asked to make up the name."""
    generate = dig(inputs, "metadata", "generateName")
    return not is_named(inputs) and bool(generate)


def unique(prefix: str, seed: bytes = b"") -> str:
    """`prefix` and 8 random letters; the same for the same seed, which an update plan relies on."""
    if not seed:
        return prefix + secrets.token_hex(_LENGTH // 2)
    return prefix + hashlib.sha256(seed).hexdigest()[:_LENGTH]


def assign(inputs: Properties, request: ResourceRequest) -> None:
    """Name a new object after its resource, unless the program or the server names it."""
    if is_named(inputs) or is_generated(inputs):
        return
    name = unique(f"{protocol.urn_name(request.urn)}-", request.randomSeed)
    if request.HasField("autonaming"):
        if request.autonaming.mode == protocol.AUTONAMING_DISABLED:
            raise Failure("autonaming is disabled, resource requires the .metadata.name field to be set")
        name = request.autonaming.proposed_name or name
    put(inputs, name, "metadata", "name")
    put(inputs, "true", "metadata", "annotations", AUTONAMED)


def adopt(inputs: Properties, old: Properties) -> None:
    """Keep the generated name of an object that exists."""
    if not is_named(inputs) and is_true(old, AUTONAMED):
        put(inputs, text(old, "metadata", "name"), "metadata", "name")
        put(inputs, "true", "metadata", "annotations", AUTONAMED)
