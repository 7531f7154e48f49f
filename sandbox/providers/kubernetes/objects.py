"""Reading and writing Kubernetes objects as plain JSON data, whatever their kind."""

from dataclasses import dataclass

from sandbox.providers.wire import Properties, Value


def dig(value: Value, *keys: str) -> Value:
    """The value at a path of keys, or None."""
    for key in keys:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def text(value: Value, *keys: str) -> str:
    """The string at a path, or an empty one."""
    found = dig(value, *keys)
    return found if isinstance(found, str) else ""


def number(value: Value, *keys: str, default: int = 0) -> int:
    """The whole number at a path, or the default."""
    found = dig(value, *keys)
    return found if isinstance(found, int) and not isinstance(found, bool) else default


def table(value: Value, *keys: str) -> Properties:
    """The map at a path, or an empty one."""
    found = dig(value, *keys)
    return found if isinstance(found, dict) else {}


def rows(value: Value, *keys: str) -> list[Value]:
    """The list at a path, or an empty one."""
    found = dig(value, *keys)
    return found if isinstance(found, list) else []


def put(obj: Properties, value: Value, *keys: str) -> None:
    """Set the value at a path; what isn't a map on the way there (an unknown) is left alone."""
    for key in keys[:-1]:
        inner = obj.setdefault(key, {})
        if not isinstance(inner, dict):
            return
        obj = inner
    obj[keys[-1]] = value


def drop(obj: Properties, *keys: str) -> None:
    """Remove the value at a path, if it is there."""
    parent = dig(obj, *keys[:-1])
    if isinstance(parent, dict):
        parent.pop(keys[-1], None)


def name_of(obj: Value) -> str:
    """metadata.name."""
    return text(obj, "metadata", "name")


def namespace_of(obj: Value) -> str:
    """metadata.namespace."""
    return text(obj, "metadata", "namespace")


def annotation(obj: Value, key: str) -> str:
    """The value of an annotation, or an empty string."""
    return text(obj, "metadata", "annotations", key)


def is_true(obj: Value, key: str) -> bool:
    """Whether an annotation says `true`."""
    return annotation(obj, key) == "true"


def identity(obj: Value) -> str:
    """The resource id: `namespace/name`, or `name` for what has no namespace."""
    namespace = namespace_of(obj)
    return f"{namespace}/{name_of(obj)}" if namespace else name_of(obj)


def condition(obj: Value, kind: str) -> Properties:
    """The status condition of a type, or an empty map."""
    for row in rows(obj, "status", "conditions"):
        if isinstance(row, dict) and row.get("type") == kind:
            return row
    return {}


def owners(obj: Value) -> list[str]:
    """The uids of an object's owners."""
    return [text(owner, "uid") for owner in rows(obj, "metadata", "ownerReferences")]


@dataclass(frozen=True, order=True)
class GroupVersionKind:
    """What an object is; the core group is the empty string."""

    group: str
    version: str
    kind: str

    @property
    def api_version(self) -> str:
        """As it stands in an object."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def __str__(self) -> str:
        return f"{self.api_version}, Kind={self.kind}"


def kind_of(obj: Value) -> GroupVersionKind:
    """What an object says it is."""
    group, _, version = text(obj, "apiVersion").rpartition("/")
    return GroupVersionKind("" if group == "core" else group, version, text(obj, "kind"))


def kind_of_type(token: str) -> GroupVersionKind:
    """The kind that a type token such as `kubernetes:apps/v1:Deployment` stands for."""
    _, module, kind = token.split(":")
    group, _, version = module.rpartition("/")
    return GroupVersionKind("" if group == "core" else group, version, kind)
