"""The types of pulumi-gcp, read from the text of the installed Python SDK, one at a time.

The SDK knows every property's name, type and whether it is required, but importing it takes seconds. Its
modules are generated, all in one form, so the few lines that matter are found without Python's parser.
"""

import ast
import functools
import importlib.util
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_GETTER = re.compile(
    r'^    @pulumi\.getter(?:\(name="(\w+)"\))?\n(?:    @.+\n)*    def (\w+)\(', re.MULTILINE
)
_PARAMETER = re.compile(r"^                 (\w+): (.+?)( = None)?(?:,|\):)$", re.MULTILINE)
_PROPERTY = re.compile(r'__props__\.__dict__\["(\w+)"\] = (None$)?', re.MULTILINE)
_OUTPUT = re.compile(r"^    def (\w+)\(self\) -> pulumi\.Output\[(?!Optional\[)", re.MULTILINE)
_SECRETS = re.compile(r"additional_secret_outputs=(\[[^\]]*\])")
_FORCES = re.compile(r"(?:forces? (?:a )?new resource|forces? replacement|force replacement)", re.IGNORECASE)


class Scalar(StrEnum):
    """A basic type; ANY is checked for nothing."""

    STRING = "string"
    NUMBER = "number"
    WHOLE = "whole number"
    BOOLEAN = "boolean"
    ANY = "anything"


@dataclass(frozen=True)
class ListOf:
    """A list of items of one type."""

    item: "Type"


@dataclass(frozen=True)
class MapOf:
    """A map from strings to one type."""

    item: "Type"


@dataclass(frozen=True)
class Nested:
    """An object, by its class in a module's `_inputs.py`."""

    module: str
    name: str


Type = Scalar | ListOf | MapOf | Nested

_SCALARS = {
    "str": Scalar.STRING,
    "int": Scalar.WHOLE,
    "float": Scalar.NUMBER,
    "bool": Scalar.BOOLEAN,
}


@dataclass(frozen=True, kw_only=True)
class Property:
    """One input."""

    type: Type
    required: bool
    forces: bool = False
    """Whether its documentation says that a change makes a new resource."""


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """One type of resource: its inputs, and the names of what only the provider knows."""

    inputs: Mapping[str, Property]
    outputs: frozenset[str]
    settled: frozenset[str]
    """Inputs that have a value even where the program gives none: a default, or Google's choice."""
    secrets: frozenset[str]


@functools.cache
def root() -> Path:
    """The SDK's folder. Raises ModuleNotFoundError where it isn't installed."""
    spec = importlib.util.find_spec("pulumi_gcp")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("pulumi_gcp is not installed")
    return Path(spec.origin).parent


def snake(name: str) -> str:
    """A class's name as its module is called: SSLPolicy is in ssl_policy."""
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name).lower()


@functools.cache
def _source(module: str, file: str) -> str | None:
    path = root() / module / f"{file}.py"
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _find(token: str) -> tuple[str, str] | None:
    """The module and source of a token such as gcp:compute/network:Network, or of a function's."""
    parts = re.fullmatch(r"gcp:(\w+)/\w+:(\w+)", token)
    source = _source(parts[1], snake(parts[2])) if parts else None
    return (parts[1], source) if parts and source and f"'{token}'" in source else None


@functools.cache
def resource(token: str) -> ResourceType | None:
    """A type of resource by its token; None where the SDK has none such."""
    found = _find(token)
    if found is None:
        return None
    module, source = found
    name = token.rpartition(":")[2]
    name = f"{name[0].upper()}{name[1:]}"
    body = source[source.index(f"\nclass {name}(") :]
    names = dict(_names(body))
    outputs = frozenset(names.get(snaked, snaked) for snaked, only in _PROPERTY.findall(body) if only)
    always = frozenset(names.get(snaked, snaked) for snaked in _OUTPUT.findall(body))
    secret = _SECRETS.search(body)
    return ResourceType(
        # InitArgs where a nested object has the name already.
        inputs=_properties(module, source, f"{name}Args") or _properties(module, source, f"{name}InitArgs"),
        outputs=outputs,
        settled=always - outputs,
        secrets=frozenset(ast.literal_eval(secret[1]) if secret else ()),
    )


@functools.cache
def nested(type_: Nested) -> Mapping[str, Property]:
    """The properties of a nested object."""
    return _properties(type_.module, _source(type_.module, "_inputs") or "", type_.name)


@functools.cache
def provider_config() -> Mapping[str, Property]:
    """The properties of the provider itself."""
    return _properties("", _source("", "provider") or "", "ProviderArgs")


@functools.cache
def results(token: str) -> tuple[str, ...] | None:
    """The names of what a function returns; None where the SDK has no such function."""
    found = _find(token)
    if found is None:
        return None
    name = token.rpartition(":")[2]
    body = _class(found[1], f"{name[0].upper()}{name[1:]}Result")
    return tuple(camel for _, camel in _names(body))


def _class(source: str, name: str) -> str:
    """The text of one class, without a search through all others."""
    start = source.find(f"\nclass {name}:")
    if start < 0:
        return ""
    end = source.find("\nclass ", start + 1)
    return source[start : end if end >= 0 else None]


def _names(body: str) -> Iterator[tuple[str, str]]:
    """The names of properties in Python, and as the engine knows them."""
    for camel, name in _GETTER.findall(body):
        yield name, camel or name


def _properties(module: str, source: str, name: str) -> dict[str, Property]:
    body = _class(source, name)
    head, _, rest = body.partition("):\n")
    names = dict(_names(body))
    documented = _documentation(rest)
    return {
        names.get(parameter, parameter): Property(
            type=_type(module, ast.parse(annotation, mode="eval").body),
            required=not default,
            forces=bool(_FORCES.search(documented.get(parameter, ""))),
        )
        for parameter, annotation, default in _PARAMETER.findall(f"{head}):\n")
    }


def _documentation(rest: str) -> dict[str, str]:
    """What the constructor's docstring says of each parameter."""
    text = rest.split('"""')[1] if rest.count('"""') > 1 else ""
    return {
        entry.partition(":")[0].rpartition(" ")[2]: " ".join(entry.partition(":")[2].split())
        for entry in re.split(r"^        :param pulumi\.Input", text, flags=re.MULTILINE)[1:]
    }


def _type(module: str, node: ast.expr) -> Type:
    """The type that an annotation says, its Input and Optional taken off."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return Nested(module, node.value) if node.value.endswith("Args") else Scalar.ANY
    if isinstance(node, ast.Attribute):
        return _SCALARS.get(node.attr, Scalar.ANY)
    if isinstance(node, ast.Subscript):
        outer = node.value.attr if isinstance(node.value, ast.Attribute) else ast.unparse(node.value)
        if outer in ("Input", "Optional"):
            return _type(module, node.slice)
        if outer == "Sequence":
            return ListOf(_type(module, node.slice))
        if outer == "Mapping" and isinstance(node.slice, ast.Tuple):
            return MapOf(_type(module, node.slice.elts[1]))
    return Scalar.ANY
