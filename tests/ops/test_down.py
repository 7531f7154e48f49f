"""Taking a stack down, with care."""

import sys

import pytest

from ops import down
from ops.errors import OpsError

CLAIM = {
    "urn": "urn:pulumi:local::kotaemon::kubernetes:core/v1:PersistentVolumeClaim::data",
    "type": "kubernetes:core/v1:PersistentVolumeClaim",
    "custom": True,
    "inputs": {"spec": {"resources": {"requests": {"storage": "10Gi"}}}},
}
SET = {
    "urn": "urn:pulumi:local::kotaemon::kubernetes:apps/v1:StatefulSet::qdrant",
    "type": "kubernetes:apps/v1:StatefulSet",
    "custom": True,
    "inputs": {"spec": {"volumeClaimTemplates": [{"spec": {"resources": {"requests": {"storage": "5Gi"}}}}]}},
}
CONFIG_MAP = {
    "urn": "a::b::c:ConfigMap::x",
    "type": "kubernetes:core/v1:ConfigMap",
    "custom": True,
    "inputs": {},
}
STACK = {"urn": "a::b::pulumi:pulumi:Stack::x", "type": "pulumi:pulumi:Stack", "custom": False}


def test_what_is_lost_is_listed_with_its_size() -> None:
    assert down.losses([STACK, CONFIG_MAP, SET, CLAIM], "local") == [
        "This deletes the 3 resources of stack local.",
        "With them goes what people stored in:",
        "  - PersistentVolumeClaim/data (10Gi)",
        "  - StatefulSet/qdrant (5Gi)",
    ]


def test_what_stays_on_the_cluster_is_said_to_stay() -> None:
    assert down.losses([{**CLAIM, "retainOnDelete": True}], "local")[-1].endswith(
        "(kept: retained on delete)"
    )


def test_a_production_stack_is_not_deleted() -> None:
    for value in (True, "true"):
        with pytest.raises(OpsError, match=r"production: true(?s:.*)config set production false"):
            down.refuse_production({"kotaemon:production": value}, "prod")
    down.refuse_production({"kotaemon:production": False}, "local")
    down.refuse_production({}, "local")


def test_what_is_protected_is_named() -> None:
    assert down.protected([CLAIM, {**SET, "protect": True}]) == ["StatefulSet/qdrant"]


def test_without_anybody_to_ask_nothing_is_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False)
    with pytest.raises(
        OpsError, match=r"nothing was deleted. Without being asked: make down STACK=dev YES=1"
    ):
        down.confirm("dev")


def test_only_the_stacks_name_is_a_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    for typed in ("y", "yes", "", "dev"):
        monkeypatch.setattr("builtins.input", lambda _, answer=typed: answer)
        with pytest.raises(OpsError, match="nothing was deleted"):
            down.confirm("local")
    monkeypatch.setattr("builtins.input", lambda _: " local ")
    down.confirm("local")
