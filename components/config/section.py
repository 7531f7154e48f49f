"""What every section of a stack's file has in common, and the pieces that several share."""

from enum import StrEnum
from typing import get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel

from .fields import Cpu, Memory, ObjectName


class Section(BaseModel):
    """A frozen part of a stack's file: camelCase keys, unknown ones refused."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )


def usually(kind: type[Section]) -> BeforeValidator:
    """Without a `kind` it is this one, as long as its keys are: `pulumi config set --path` adds no kind."""
    known = {info.alias for info in kind.model_fields.values()}
    name = get_args(kind.model_fields["kind"].annotation)[0]

    def with_kind(value: object) -> object:
        if isinstance(value, dict) and "kind" not in value and value.keys() <= known:
            return {"kind": name, **value}
        return value

    return BeforeValidator(with_kind)


class Resources(Section):
    """What a container asks for, and what it may use at most."""

    cpu: Cpu
    """Requested cores, such as 500m."""
    memory: Memory
    """Requested memory, such as 2Gi."""
    cpu_limit: Cpu | None = None
    """Most cores that it may use; four times the request where it isn't given."""
    memory_limit: Memory | None = None
    """Most memory that it may use; the request where it isn't given."""


class AccessMode(StrEnum):
    """Who may mount a volume: the pods of one node, or those of every node."""

    READ_WRITE_ONCE = "ReadWriteOnce"
    READ_WRITE_MANY = "ReadWriteMany"


class Storage(Section):
    """A persistent volume."""

    size: Memory
    """Its size, such as 20Gi. It can grow where the storage class allows it, never shrink."""
    class_name: ObjectName | None = None
    """Its storage class; the cluster's default one where it isn't given."""
