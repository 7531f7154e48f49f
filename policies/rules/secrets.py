"""Secrets: their values are in Secrets, in Secret Manager, and nowhere else."""

import re
from collections.abc import Iterator

from policies.graph import PROVIDERS, Graph, Resource
from policies.podspec import makes_pods, podspec
from policies.rule import Rule, Subject, Violation, of_type
from policies.values import UNKNOWN, absent, at, items, mapping, present, text

SECRET = "kubernetes:core/v1:Secret"  # noqa: S105 a type
HOLDERS = {
    SECRET: ("data", "stringData"),
    "gcp:sql/user:User": ("password",),
    "gcp:sql/databaseInstance:DatabaseInstance": ("rootPassword",),
    "gcp:secretmanager/secretVersion:SecretVersion": ("secretData",),
    # Whom Google tells of alerts: PagerDuty's key, a webhook's URL.
    "gcp:monitoring/notificationChannel:NotificationChannel": ("sensitiveLabels", "labels.url"),
}
"""Types that may hold secrets, and in which inputs."""
NO_SECRET = "unused"  # noqa: S105 what it says
"""The value of a variable that the software asks for where something else signs it in."""
_NAMES = re.compile(r"(^|_)(PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY)$")


def _could_leak(graph: Graph, resource: Resource) -> bool:
    """Generators and providers have secrets because they must."""
    return not resource.type.startswith((PROVIDERS, "random:", "tls:"))


def _keeps_no_secret(graph: Graph, resource: Resource) -> Iterator[Violation]:
    allowed = HOLDERS.get(resource.type, ())
    for path in sorted(resource.secrets):
        if not path.startswith(tuple(allowed)) or not allowed:
            yield Violation(path, "holds a secret, which only a Secret may")


def _is_marked(graph: Graph, resource: Resource) -> Iterator[Violation]:
    for part in HOLDERS[resource.type]:
        value = resource.inputs.get(part)
        if absent(value) or value is UNKNOWN or part in resource.secrets:
            continue
        plain = [f"{part}.{key}" for key in mapping(value)] or [part]
        for path in plain:
            if not any(path == one or path.startswith(f"{one}.") for one in resource.secrets):
                yield Violation(path, "isn't marked as a secret: it would be readable in the state")


def _has_no_literal(graph: Graph, resource: Resource) -> Iterator[Violation]:
    for container in podspec(resource).containers():
        for variable in items(container.at("env")):
            name = text(at(variable, "name")) or ""
            value = at(variable, "value")
            if _NAMES.search(name) and present(value) and value != NO_SECRET:
                yield Violation(f"{container.path}.env[{name}]", "has its value in the manifest")


def _rolls_its_readers(graph: Graph, resource: Resource) -> Iterator[Violation]:
    if resource.inputs.get("immutable") not in (True, UNKNOWN):
        yield Violation("immutable", "isn't true")
    if resource.is_named and resource.object_name is not UNKNOWN:
        yield Violation("metadata.name", "is fixed: a change keeps its name, and no pod notices")


RULES = (
    Rule(
        id="SEC-01", subject=Subject.SECRETS, title="secrets are in Secrets alone", applies=_could_leak,
        check=_keeps_no_secret,
        reason="A password in an environment variable, a ConfigMap or an argument is read by all who may list pods.",
        remedy="put it into a Secret and refer to its key (secretKeyRef, or a volume)",
    ),
    Rule(
        id="SEC-02", subject=Subject.SECRETS, title="what Secrets hold is encrypted in the state",
        applies=of_type(*HOLDERS), check=_is_marked,
        reason="Whatever isn't marked lies in the state and in every diff in plain text.",
        remedy="pass a secret of the configuration, or pulumi.Output.secret(…)",
    ),
    Rule(
        id="SEC-03", subject=Subject.SECRETS, title="no literal in a variable for a secret", applies=makes_pods,
        check=_has_no_literal,
        reason="A default password is the first that is tried.",
        remedy="use valueFrom.secretKeyRef",
    ),
    Rule(
        id="SEC-04", subject=Subject.SECRETS, title="Secrets and ConfigMaps are immutable and named by content",
        applies=of_type(SECRET, "kubernetes:core/v1:ConfigMap"), check=_rolls_its_readers,
        reason="So that a rotated key rolls the pods that read it, instead of being noticed at the next crash.",
        remedy="set immutable: true and leave metadata.name to Pulumi",
    ),
)  # fmt: skip
