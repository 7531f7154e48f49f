"""What a stack's file may say of logs, and what is refused with its reason."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from components.config.logs import FluentBitLogs, GoogleLogs, Logs, NoLogs
from components.config.rules.logs import log_agents, log_destination
from components.config.rules.rule import Stack
from components.config.settings import Settings
from tests.stacks import CERTIFICATE

ADAPTER: TypeAdapter[NoLogs | GoogleLogs | FluentBitLogs] = TypeAdapter(Logs)
LOKI = {"kind": "existing-loki", "url": "https://loki.example.com"}
ELASTIC = {"kind": "elasticsearch", "url": "https://es.example.com:9200"}


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"kind": "google", "retentionDays": 1},
        {"kind": "fluent-bit"},
        {"kind": "fluent-bit", "to": {"retentionDays": 3650, "storage": {"size": "50Gi"}}},
        {"kind": "fluent-bit", "to": {**LOKI, "tenant": "team-1", "username": "writer"}, "buffer": "1Gi"},
        {"kind": "fluent-bit", "to": {**LOKI, "url": "http://loki.monitoring.svc:3100"}},
        {"kind": "fluent-bit", "to": {**ELASTIC, "index": "team.logs-1", "retentionDays": 7}},
    ],
)
def test_what_is_meant_to_be_possible_is(given: dict[str, Any]) -> None:
    ADAPTER.validate_python(given)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"kind": "google", "retentionDays": 0}, "greater than or equal to 1"),
        ({"kind": "google", "retentionDays": 3651}, "less than or equal to 3650"),
        ({"kind": "fluent-bit", "to": {**LOKI, "url": "loki:3100"}}, "must be an http:// or https:// URL"),
        (
            {"kind": "fluent-bit", "to": {**LOKI, "url": "https://loki.example.com/loki/api/v1/push"}},
            "own address",
        ),
        ({"kind": "fluent-bit", "to": {**LOKI, "url": "https://loki.example.com/"}}, "without a slash"),
        ({"kind": "fluent-bit", "to": {**LOKI, "url": "https://a:b@loki.example.com"}}, "no user, password"),
        ({"kind": "fluent-bit", "to": {**LOKI, "url": "http://localhost:3100"}}, "is the pod itself"),
        ({"kind": "fluent-bit", "to": {**LOKI, "tenant": "a/b"}}, "tenant's id"),
        ({"kind": "fluent-bit", "to": {**LOKI, "retentionDays": 7}}, "Extra inputs"),
        ({"kind": "fluent-bit", "to": {**ELASTIC, "index": "Logs"}}, "lower-case"),
        ({"kind": "fluent-bit", "to": {**ELASTIC, "index": "_logs"}}, "lower-case"),
        ({"kind": "fluent-bit", "to": {**ELASTIC, "username": "a:b"}}, "without white space or colon"),
        ({"kind": "fluent-bit", "to": {"kind": "splunk"}}, "does not match any of the expected tags"),
        ({"kind": "fluent-bit", "buffer": "512"}, "size with its unit"),
    ],
)
def test_what_cannot_work_is_refused_with_the_reason(given: dict[str, Any], reason: str) -> None:
    """Fluent Bit would start all the same, and send nothing."""
    with pytest.raises(ValidationError) as refused:
        ADAPTER.validate_python(given)
    assert reason in str(refused.value)


def problems(to: dict[str, Any], **settings: Any) -> dict[str, str]:
    given = {"logs": {"kind": "fluent-bit", "to": to}, **settings}
    stack = Stack(settings=Settings.model_validate(given), supplied=frozenset(), root=Path())
    return {one.key: one.allowed for rule in (log_agents, log_destination) for one in rule(stack)}


def test_a_password_is_not_sent_in_plain_text_beyond_the_cluster() -> None:
    plain = {**ELASTIC, "url": "http://es.example.com:9200", "username": "writer"}
    assert "must be https://" in problems(plain)["kotaemon:logs.to.url"]
    assert not problems({**plain, "url": "http://es.elastic.svc:9200"})
    assert not problems({**plain, "username": None})
    assert problems({**plain, "username": None}, production=True)


def test_a_password_must_be_where_the_agents_can_have_it() -> None:
    """A Secret is seen by the pods of its own namespace alone."""
    found = problems({**LOKI, "username": "w"}, secrets={"lokiPassword": {"name": "loki", "key": "password"}})
    assert "set kotaemon:lokiPassword itself" in found["kotaemon:secrets.lokiPassword"]


def test_the_namespace_s_name_leaves_room_for_the_agents_one() -> None:
    assert "kotaemon:namespace.name" in problems({"kind": "loki"}, namespace={"name": "n" * 59})
    assert not problems({"kind": "loki"}, namespace={"name": "n" * 58})


@pytest.mark.parametrize("pem", ["nothing", "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----"])
def test_a_certificate_is_one(pem: str) -> None:
    """And a private key never gets into a ConfigMap."""
    assert "kotaemon:logs.to.caCertificate" in problems({**LOKI, "caCertificate": pem})
    assert not problems({**LOKI, "caCertificate": CERTIFICATE})
