"""What a killed run leaves in the state, and what is made of it."""

from collections.abc import Mapping

import httpx
import pytest

from ops.api import Api, RefusedError
from ops.kubeconfig import Context
from ops.pending import Creation, creation, identify, taken_over

URN = "urn:pulumi:local::kotaemon::kubernetes:apps/v1:StatefulSet::postgres"
MADE: dict[str, object] = {
    "kind": "StatefulSet",
    "metadata": {"name": "postgres", "managedFields": [{"manager": "pulumi-kubernetes-5d1f"}]},
}


def _pending(urn: str = URN, kind: str = "creating") -> dict[str, object]:
    return {"type": kind, "resource": {"urn": urn, "inputs": {"kind": "StatefulSet"}}}


def _api(monkeypatch: pytest.MonkeyPatch, found: Mapping[str, object] | int) -> Api:
    """An API server that knows StatefulSets and answers with one object, or with a status."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/apis/apps/v1":
            names = ("statefulsets/scale", "statefulsets")
            kinds = [{"name": name, "kind": "StatefulSet", "namespaced": True} for name in names]
            return httpx.Response(200, json={"resources": kinds})
        assert request.url.path == "/apis/apps/v1/namespaces/kotaemon/statefulsets/postgres"
        return httpx.Response(found) if isinstance(found, int) else httpx.Response(200, json=found)

    api = Api(Context("test", None, {"server": "http://127.0.0.1"}))
    monkeypatch.setattr(
        api, "_client", httpx.Client(base_url="http://x", transport=httpx.MockTransport(answer))
    )
    return api


WANTED = Creation(URN, "apps/v1", "StatefulSet", "kotaemon", "postgres")


def test_an_object_that_pulumi_wrote_is_found_by_its_provider_s_id(monkeypatch: pytest.MonkeyPatch) -> None:
    assert identify(_api(monkeypatch, MADE), WANTED) == "kotaemon/postgres"


def test_somebody_else_s_object_of_that_name_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = {**MADE, "metadata": {"name": "postgres", "managedFields": [{"manager": "kubectl"}]}}
    assert identify(_api(monkeypatch, theirs), WANTED) is None


def test_what_was_not_made_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert identify(_api(monkeypatch, 404), WANTED) is None


def test_a_cluster_that_refuses_to_tell_is_an_error_not_an_absence(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Exception, match="can't be read") as error:
        identify(_api(monkeypatch, 403), WANTED)
    assert not isinstance(error.value, RefusedError)


def test_only_kubernetes_objects_can_be_looked_for() -> None:
    assert creation({"resource": {"urn": "urn:x", "inputs": {"length": 32}}}) is None
    inputs = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a-1f"}}
    assert creation({"resource": {"urn": "u", "inputs": inputs}}) == Creation(
        "u", "v1", "Secret", "default", "a-1f"
    )


def test_what_was_made_joins_the_state_and_nothing_stays_pending() -> None:
    before = {"resources": [{"urn": "ns"}], "pending_operations": [_pending(), _pending("other")]}
    after = taken_over(before, {URN: "kotaemon/postgres"})
    assert after["resources"] == [
        {"urn": "ns"},
        {"urn": URN, "inputs": {"kind": "StatefulSet"}, "id": "kotaemon/postgres"},
    ]
    assert after["pending_operations"] == []


def test_other_pending_operations_are_left_to_the_engine() -> None:
    before = {"resources": [], "pending_operations": [_pending(kind="deleting")]}
    assert taken_over(before, {})["pending_operations"] == [_pending(kind="deleting")]


def test_what_a_half_made_replacement_replaces_is_still_to_be_deleted() -> None:
    old = {"urn": URN, "id": "kotaemon/old"}
    after = taken_over({"resources": [old], "pending_operations": [_pending()]}, {URN: "kotaemon/new"})
    resources = after["resources"]
    assert isinstance(resources, list)
    assert [(one["id"], one.get("delete", False)) for one in resources] == [
        ("kotaemon/new", False),
        ("kotaemon/old", True),
    ]
