"""make doctor for a stack on Google Cloud: each thing that is missing is named with the command that mends it."""

import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from components.config import Settings
from components.gke.apis import NEEDED_BEFORE, REQUIRED_APIS, required_apis
from ops import __main__ as main
from ops import paths
from ops.check import Check, State
from ops.doctor import Machine, google
from ops.engine import Kind
from ops.google_checks import access, google_checks, permissions, quotas
from ops.google_checks.access import IMPERSONATED, TOKEN
from ops.google_checks.quotas import Demand, Scope
from ops.stack_settings import settings_of
from tests.config_cloud_rows import CLOUD_VALID, DOMAIN, GKE, gke, share
from tests.ops import google_server
from tests.ops.conftest import write_stack
from tests.ops.google_server import ACCOUNT, Project, off, refusal, serving
from tests.ops.test_machine import CLOSED, WELL
from tests.program import stack_config
from tests.stacks import VARIANTS, graph_of
from tests.test_config import read

MEMBER = f"serviceAccount:{ACCOUNT}"
FULL: dict[str, Any] = {
    **share(),
    "postgres": {"kind": "cloud-sql", "login": "iam"},
    "edge": {
        "kind": "google",
        "domain": DOMAIN,
        "auth": {"kind": "iap", "members": ["domain:example.com"]},
        "dns": {"zone": "example", "create": "example.com"},
        "armor": {},
    },
    "backup": {"kind": "google"},
    "secretManager": {"openaiApiKey": {"secret": "openai", "version": 1}},
    "traces": {"kind": "collector", "to": {"kind": "cloud-trace"}},
}
"""A stack that uses all of it."""

Doctor = Callable[..., list[Check]]


@pytest.fixture
def project() -> Project:
    """A project that lacks nothing."""
    return Project()


@pytest.fixture
def url(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Google, and a service account's key in the environment."""
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    for name in ("gcloud", "gke-gcloud-auth-plugin"):
        (bin_folder / name).write_text("#!/bin/sh\n")
        (bin_folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(bin_folder))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))
    for name in (TOKEN, IMPERSONATED, "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    # The machine that runs the tests may be Google's own.
    monkeypatch.setattr("google.auth.compute_engine._metadata._NO_GCE_CHECK", True)
    with serving(project) as address:
        key = tmp_path / "key.json"
        key.write_text(google_server.service_account(address))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key))
        yield address


@pytest.fixture
def doctor(url: str) -> Doctor:
    """The doctor's lines about Google; none of them may tell a token."""

    def run(config: dict[str, Any] | None = None, **given: Any) -> list[Check]:
        settings = read(config or FULL)
        found = list(google_checks(settings, "prod", given.get("endpoints") or google_server.endpoints(url)))
        assert google_server.TOKEN not in repr(found)
        assert "PRIVATE KEY" not in repr(found)
        return found

    return run


def lacking(found: list[Check], state: State = State.MISSING) -> list[Check]:
    assert all(check.command for check in found if check.state is State.MISSING), "a finding without a remedy"
    return [check for check in found if check.state is state]


def only(found: list[Check], state: State = State.MISSING) -> Check:
    (check,) = lacking(found, state)
    return check


def test_a_project_that_has_everything_lacks_nothing(doctor: Doctor) -> None:
    found = doctor()
    assert {check.state for check in found} == {State.OK}, found
    assert [check.name for check in found] == [
        "gcloud", "gke-gcloud-auth-plugin", "credentials", "project", "billing", "services", "permissions", "quotas",
        "policies",
    ]  # fmt: skip
    assert next(check for check in found if check.name == "credentials").found == MEMBER


def test_a_stack_that_is_not_on_google_is_asked_nothing(doctor: Doctor, project: Project) -> None:
    assert doctor({"production": False}) == []
    assert project.asked == []


def test_an_example_is_no_project(doctor: Doctor, project: Project) -> None:
    check = only(doctor({**GKE, "google": {"project": "example-project", "region": "europe-west4"}}))
    assert (check.name, check.command) == ("project", "make init STACK=prod")
    assert project.asked == []


# Tools and credentials -------------------------------------------------------------------------------


def test_the_cluster_cannot_be_reached_without_the_plugin(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "bin" / "gke-gcloud-auth-plugin").unlink()
    assert only(doctor()).command == "gcloud components install gke-gcloud-auth-plugin"


def test_gcloud_itself_can_be_done_without(doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "bin" / "gcloud").unlink()
    assert only(doctor(), State.OPTIONAL).name == "gcloud"


def test_missing_credentials_are_named_with_the_command(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    check = only(doctor())
    assert check.found == "Your default credentials were not found"
    assert check.command == "gcloud auth application-default login"


def test_a_key_file_that_is_not_there_is_named(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/no/such/key.json")
    assert "/no/such/key.json was not found" in only(doctor()).found


def test_expired_credentials_are_named_with_the_command(doctor: Doctor, project: Project) -> None:
    project.login = (
        400,
        {"error": "invalid_grant", "error_description": "Token has been expired or revoked."},
    )
    check = only(doctor())
    assert check.name == "credentials"
    assert check.found.startswith("they aren't taken: invalid_grant")
    assert check.command == "gcloud auth application-default login"


def test_a_token_that_google_does_not_take_is_not_told(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN, "ya29.another-token")
    found = doctor()
    assert only(found).name == "credentials"
    assert "another" not in repr(found)


def test_a_token_of_the_environment_is_used_as_the_provider_does(
    doctor: Doctor, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN, google_server.TOKEN)
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    assert not lacking(doctor())
    assert "/token" not in project.asked


def test_an_account_that_is_impersonated_is_the_one_that_counts(
    doctor: Doctor, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider acts as it, so its permissions are the ones that are needed."""
    monkeypatch.setenv(IMPERSONATED, google_server.IMPERSONATED)
    monkeypatch.setattr(
        "google.auth.iam._IAM_ENDPOINT", url + "/v1/projects/-/serviceAccounts/{}:generateAccessToken"
    )
    found = doctor()
    assert not lacking(found)
    assert f"serviceAccount:{google_server.IMPERSONATED}" in [check.found for check in found]


# The project and its services ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "says", "command"),
    [
        (
            refusal(403, "The caller does not have permission"),
            "may not see it",
            "gcloud projects describe my-project",
        ),
        (refusal(404, "Requested entity was not found."), "isn't there", "gcloud projects create my-project"),
        (
            refusal(403, "Caller does not have required permission to use project", "USER_PROJECT_DENIED"),
            f"isn't there, or {MEMBER} may not use it",
            f"--member={MEMBER} --role=roles/serviceusage.serviceUsageConsumer",
        ),
    ],
)
def test_a_project_that_is_not_ours_is_named(
    doctor: Doctor, project: Project, answer: tuple[int, access.Json], says: str, command: str
) -> None:
    project.refusals[r"/v3/projects/my-project$"] = answer
    check = only(doctor())
    assert check.name == "project"
    assert says in check.found
    assert command in check.command


def test_a_project_that_is_to_be_deleted_is_none(doctor: Doctor, project: Project) -> None:
    project.state = "DELETE_REQUESTED"
    assert only(doctor()).command == "gcloud projects undelete my-project"


def test_without_billing_google_makes_nothing(doctor: Doctor, project: Project) -> None:
    project.billing = False
    check = only(doctor())
    assert check.name == "billing"
    assert check.command.startswith("gcloud billing projects link my-project --billing-account=")


@pytest.mark.parametrize(
    ("path", "service"), [(r"/v3/projects", NEEDED_BEFORE[1]), (r"/v1/.*/services", NEEDED_BEFORE[0])]
)
def test_the_services_that_turn_on_the_others_must_be_on_before(
    doctor: Doctor, project: Project, path: str, service: str
) -> None:
    project.refusals[path] = off(service)
    check = only(doctor())
    assert check.found.startswith(f"{service} is off")
    assert check.command == f"gcloud services enable {' '.join(NEEDED_BEFORE)} --project my-project"


def test_a_disabled_service_is_named_and_up_turns_it_on(doctor: Doctor, project: Project) -> None:
    project.services -= {"sqladmin.googleapis.com", "file.googleapis.com"}
    found = doctor()
    assert not lacking(found)
    check = only(found, State.OPTIONAL)
    assert check.found == f"`make up` turns on 2 of {len(REQUIRED_APIS)}: sqladmin, file"
    assert check.command == (
        "gcloud services enable sqladmin.googleapis.com file.googleapis.com --project my-project"
    )


def test_what_a_service_that_is_off_cannot_tell_is_not_missing(doctor: Doctor, project: Project) -> None:
    """In an empty project nearly all are off; `up` turns them on."""
    project.services = set(NEEDED_BEFORE)
    project.refusals[r"/compute/"] = off("compute.googleapis.com")
    project.refusals[r"/billingInfo"] = off("cloudbilling.googleapis.com")
    project.refusals[r"/v2/.*/policies/"] = off("orgpolicy.googleapis.com")
    found = doctor()
    assert not lacking(found)
    unknown = {check.name: check for check in lacking(found, State.OPTIONAL) if "not known" in check.found}
    assert set(unknown) == {"billing", "quotas", "policies"}
    assert unknown["quotas"].command == "gcloud services enable compute.googleapis.com --project my-project"


def test_one_request_asks_for_all_services() -> None:
    """More than 30 at once are refused."""
    assert len(set(REQUIRED_APIS)) == len(REQUIRED_APIS) <= 30
    assert required_apis(read(FULL)) == REQUIRED_APIS


@pytest.mark.parametrize("case", CLOUD_VALID)
def test_a_stack_needs_the_services_of_its_parts_alone(case: str) -> None:
    settings = read(*CLOUD_VALID[case])
    apis = set(required_apis(settings))
    assert bool(apis) == (settings.google is not None)
    assert set(NEEDED_BEFORE) <= apis or not apis
    assert ("sqladmin.googleapis.com" in apis) == (settings.postgres.kind == "cloud-sql")
    assert ("certificatemanager.googleapis.com" in apis) == (settings.edge.kind == "google")
    assert ("gkebackup.googleapis.com" in apis) == (settings.backup.kind == "google")
    assert ("iap.googleapis.com" in apis) == (
        settings.edge.kind == "google" and settings.edge.auth.kind == "iap"
    )
    assert "secretmanager.googleapis.com" in apis or not settings.secret_manager


# Permissions -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", permissions.needed(read(FULL)))
def test_a_missing_permission_is_named_with_the_role_that_brings_it(
    doctor: Doctor, project: Project, role: str
) -> None:
    needed = permissions.needed(read(FULL))
    others = {name for other, names in needed.items() if other != role for name in names}
    project.denied = set(needed[role]) - others
    check = only(doctor())
    assert check.found == f"no {', '.join(name for name in needed[role] if name in project.denied)}"
    assert (
        check.command == f"gcloud projects add-iam-policy-binding my-project --member={MEMBER} --role={role}"
    )


def test_a_permission_that_cannot_be_tested_spoils_nothing(doctor: Doctor, project: Project) -> None:
    """Google refuses a whole request for one name that it doesn't know for projects."""
    project.untestable = {"iap.web.setIamPolicy"}
    project.denied = {"cloudsql.instances.create"}
    assert only(doctor()).command.endswith("--role=roles/cloudsql.admin")


def test_a_stack_needs_the_permissions_of_its_parts_alone() -> None:
    existing = {**GKE, "cluster": {"kind": "gke-existing", "name": "shared", "location": "europe-west4"}}
    assert set(permissions.needed(read(existing))) == {
        "roles/serviceusage.serviceUsageAdmin",
        "roles/cloudkms.admin",
        "roles/container.developer",
    }
    assert "roles/cloudsql.admin" not in permissions.needed(read(GKE))


MAKING = {
    "certificatemanager/certificate": "certificatemanager.certs.create",
    "certificatemanager/certificateMap": "certificatemanager.certmaps.create",
    "certificatemanager/certificateMapEntry": "certificatemanager.certmapentries.create",
    "certificatemanager/dnsAuthorization": "certificatemanager.dnsauthorizations.create",
    "compute/address": "compute.addresses.create",
    "compute/firewall": "compute.firewalls.create",
    "compute/globalAddress": "compute.globalAddresses.create",
    "compute/network": "compute.networks.create",
    "compute/router": "compute.routers.create",
    "compute/routerNat": "compute.routers.update",
    "compute/sSLPolicy": "compute.sslPolicies.create",
    "compute/securityPolicy": "compute.securityPolicies.create",
    "compute/subnetwork": "compute.subnetworks.create",
    "container/cluster": "container.clusters.create",
    "container/nodePool": "container.clusters.update",
    "dns/managedZone": "dns.managedZones.create",
    "dns/recordSet": "dns.resourceRecordSets.create",
    "gkebackup/backupPlan": "gkebackup.backupPlans.create",
    "iap/webIamMember": "iap.web.setIamPolicy",
    "kms/cryptoKey": "cloudkms.cryptoKeys.create",
    "kms/cryptoKeyIAMMember": "cloudkms.cryptoKeys.setIamPolicy",
    "kms/keyRing": "cloudkms.keyRings.create",
    "logging/metric": "logging.logMetrics.create",
    "logging/projectBucketConfig": "logging.buckets.create",
    "logging/projectExclusion": "logging.exclusions.create",
    "logging/projectSink": "logging.sinks.create",
    "monitoring/alertPolicy": "monitoring.alertPolicies.create",
    "monitoring/dashboard": "monitoring.dashboards.create",
    "monitoring/notificationChannel": "monitoring.notificationChannels.create",
    "monitoring/uptimeCheckConfig": "monitoring.uptimeCheckConfigs.create",
    "projects/iAMMember": "resourcemanager.projects.setIamPolicy",
    "projects/service": "serviceusage.services.enable",
    "projects/serviceIdentity": "serviceusage.services.enable",
    "secretmanager/secretIamMember": "secretmanager.secrets.setIamPolicy",
    "serviceaccount/account": "iam.serviceAccounts.create",
    "serviceaccount/iAMMember": "iam.serviceAccounts.setIamPolicy",
    "servicenetworking/connection": "servicenetworking.services.addPeering",
    "sql/databaseInstance": "cloudsql.instances.create",
    "sql/user": "cloudsql.users.create",
    "storage/bucket": "storage.buckets.create",
}
"""What it takes to make a resource of each type."""

SERVICES = {"kms": "cloudkms", "sql": "sqladmin", "serviceaccount": "iam", "projects": "serviceusage"}
"""The service of a module, where it isn't named alike."""


def google_stacks() -> list[str]:
    return [name for name, variant in VARIANTS.items() if "kotaemon:google" in stack_config(variant.stack)]


@pytest.mark.parametrize("name", google_stacks())
def test_all_that_a_program_makes_is_asked_for_beforehand(name: str) -> None:
    """A service or a permission that the doctor doesn't know of stops `up` half-way."""
    variant = VARIANTS[name]
    config = {
        **stack_config(variant.stack),
        **variant.config,
        **{f"kotaemon:{key}": {"secure": ""} for key in variant.secrets},
    }
    settings = settings_of(config, name, paths.PROJECT)
    granted = {permission for names in permissions.needed(settings).values() for permission in names}
    made = {
        one.type.split(":")[1]
        for one in graph_of(name).resources
        if one.custom and one.type.startswith("gcp:")
    }
    assert {kind: MAKING[kind] for kind in made if MAKING[kind] not in granted} == {}
    modules = {kind.split("/")[0] for kind in made}
    services = {f"{SERVICES.get(module, module)}.googleapis.com" for module in modules}
    assert services <= set(required_apis(settings))


def test_counting_cloud_sqls_backups_is_asked_for_without_googles_logs_too() -> None:
    """They are counted in its audit log, wherever the stack's own logs go."""
    config = {key: value for key, value in stack_config("prod").items() if key != "kotaemon:logs"}
    granted = permissions.needed(settings_of(config, "prod", paths.PROJECT))["roles/logging.configWriter"]
    assert granted == ("logging.logMetrics.create",)


# Quotas and organization policies --------------------------------------------------------------------


def test_a_quota_that_the_fewest_nodes_exceed_is_missing(doctor: Doctor, project: Project) -> None:
    project.region_quotas = {"CPUS": (8, 0), "SSD_TOTAL_GB": (4096, 0)}
    check = only(doctor({**GKE, "cluster": {"kind": "gke", "nodePools": {"main": {"minNodes": 3}}}}))
    assert check.found == "CPUS in europe-west4: the stack takes 12 to 24, 0 of 8 are in use"
    assert check.command.endswith("https://console.cloud.google.com/iam-admin/quotas?project=my-project")


def test_quotas_that_google_does_not_tell_are_not_called_enough(doctor: Doctor, project: Project) -> None:
    """An answer without figures compares nothing."""
    project.region_quotas = {}
    assert [check.found for check in lacking(doctor(), State.OPTIONAL)] == [
        "none of 10 is known: what the stack takes couldn't be compared"
    ]


def test_a_quota_that_only_the_most_nodes_exceed_is_told(doctor: Doctor, project: Project) -> None:
    """What is in use may be the stack's own."""
    project.region_quotas = {"CPUS": (24, 20), "IN_USE_ADDRESSES": (8, 0)}
    project.project_quotas = {"GLOBAL_EXTERNAL_MANAGED_BACKEND_SERVICES": (50, 49), "NETWORKS": (5, 1)}
    found = doctor()
    assert not lacking(found)
    assert [check.found for check in lacking(found, State.OPTIONAL)] == [
        "CPUS in europe-west4: the stack takes 4 to 24, 20 of 24 are in use (its own, perhaps)",
        "GLOBAL_EXTERNAL_MANAGED_BACKEND_SERVICES in the project: the stack takes 2, 49 of 50 are in use "
        "(its own, perhaps)",
    ]


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        ("e2-standard-4", 4), ("n2-highmem-16", 16), ("e2-medium", 2), ("f1-micro", 2), ("e2-custom-6-8192", 6),
        ("custom-2-4096", 2), ("g2-standard-8", 8), ("a2-highgpu-2g", 24), ("c3-standard-22-lssd", None),
        ("tpu-v5", None),
    ],
)  # fmt: skip
def test_cores_are_read_from_the_machine_type(machine: str, expected: int | None) -> None:
    assert quotas.cores(machine) == expected


def demand(settings: Settings, scope: Scope, metric: str) -> Demand | None:
    return next((one for one in quotas.demands(settings) if (one.scope, one.metric) == (scope, metric)), None)


def test_what_a_stack_asks_for_follows_from_its_nodes() -> None:
    pools = {
        "main": {"machineType": "n2-standard-8", "minNodes": 3, "maxNodes": 6, "diskSize": "50Gi"},
        "spot": {"machineType": "e2-standard-4", "maxNodes": 2, "diskSize": "50Gi"},
        "gpu": {"accelerator": "nvidia-tesla-t4", "machineType": "n1-standard-8", "accelerators": 2},
    }
    settings = read({**gke(nodePools=pools, network={"natAddresses": 3}), "vectorDb": {"replicas": 3}})
    expected = {
        (Scope.REGION, "N2_CPUS"): (24, 48),
        (Scope.REGION, "PREEMPTIBLE_CPUS"): (0, 8),
        (Scope.REGION, "CPUS"): (0, 8),
        (Scope.PROJECT, "CPUS_ALL_REGIONS"): (24, 56),
        (Scope.REGION, "NVIDIA_T4_GPUS"): (0, 2),
        (Scope.PROJECT, "GPUS_ALL_REGIONS"): (0, 2),
        (Scope.REGION, "SSD_TOTAL_GB"): (3 * 50 + 60, 6 * 50 + 2 * 50 + 100 + 60),
        (Scope.REGION, "IN_USE_ADDRESSES"): (3, 3),
    }
    for (scope, metric), (least, most) in expected.items():
        assert demand(settings, scope, metric) == Demand(scope=scope, metric=metric, least=least, most=most)
    assert demand(read(gke(autopilot=True)), Scope.REGION, "CPUS") is None


def test_spot_nodes_count_as_others_where_the_project_has_no_quota_for_them() -> None:
    asked = Demand(scope=Scope.REGION, metric="PREEMPTIBLE_CPUS", least=4, most=8)
    limits = {"PREEMPTIBLE_CPUS": quotas.Quota(limit=0, usage=0), "CPUS": quotas.Quota(limit=6, usage=0)}
    short = quotas.short(asked, {Scope.REGION: limits})
    assert short is not None
    assert (short.metric, short.hopeless) == ("CPUS", False)


@pytest.mark.parametrize(
    ("constraint", "rules", "state", "says"),
    [
        ("compute.restrictVpcPeering", [{"denyAll": True}], State.MISSING, "forbids the peering"),
        ("gcp.resourceLocations", [{"values": {"allowedValues": ["in:us-locations"]}}], State.OPTIONAL,
         "allows in:us-locations alone: see that it lets through the region europe-west4"),
        ("gcp.resourceLocations", [{"values": {"allowedValues": ["in:europe-west4-locations"]}}], None, ""),
        ("compute.restrictLoadBalancerCreationForTypes", [{"values": {"allowedValues": ["in:INTERNAL"]}}],
         State.OPTIONAL, "see that it lets through GLOBAL_EXTERNAL_MANAGED_HTTP_HTTPS"),
        ("compute.restrictLoadBalancerCreationForTypes", [{"values": {"allowedValues": ["in:EXTERNAL"]}}], None, ""),
        ("iam.allowedPolicyMemberDomains", [{"values": {"allowedValues": ["C01"]}}], State.OPTIONAL,
         "see that it lets through domain:example.com"),
    ],
)  # fmt: skip
def test_an_organization_policy_in_the_way_is_named(
    doctor: Doctor,
    project: Project,
    constraint: str,
    rules: list[access.Json],
    state: State | None,
    says: str,
) -> None:
    project.policies[constraint] = rules
    found = doctor()
    if state is None:
        assert {check.state for check in found} == {State.OK}
        return
    check = only(found, state)
    assert check.found.startswith(constraint)
    assert says in check.found
    assert check.command == f"gcloud org-policies describe {constraint} --effective --project my-project"


# The engine's plugin ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("machine", "installed", "stands_in"),
    [
        (WELL, False, False),
        (CLOSED, False, True),
        (CLOSED, True, False),
        (replace(WELL, forced=Kind.SANDBOX), False, True),
        (replace(WELL, online=False), False, True),
        (replace(WELL, online=False), True, False),
    ],
)
def test_a_stand_in_of_the_plugin_brings_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: Machine, installed: bool, stands_in: bool
) -> None:
    write_stack(paths.Project(tmp_path), "prod", google="{project: X}")
    monkeypatch.setenv("PATH", str(tmp_path))
    if installed:
        (tmp_path / "plugins" / f"resource-gcp-v{version('pulumi-gcp')}").mkdir(parents=True)
    found = list(google(paths.Project(tmp_path), "prod", machine, {"PULUMI_HOME": str(tmp_path)}))
    told = [check for check in found if check.name == "gcp plugin"]
    assert bool(told) == stands_in
    assert all("pulumi plugin install resource gcp" in check.command for check in lacking(told))


def test_a_stack_without_a_file_is_told_once(tmp_path: Path) -> None:
    """By the line about the cluster."""
    assert list(google(paths.Project(tmp_path), "nope", WELL, {})) == []


# Google out of reach ---------------------------------------------------------------------------------


def closed() -> str:
    """An address where nobody listens."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_google_out_of_reach_is_one_line(doctor: Doctor) -> None:
    check = only(doctor(endpoints=google_server.endpoints(closed())))
    assert check.name == "Google Cloud"
    assert check.found.startswith("doesn't answer (127.0.0.1: ")
    assert "\n" not in check.found


def test_a_login_service_out_of_reach_is_one_line(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "key.json").write_text(google_server.service_account(closed()))
    monkeypatch.setattr(access, "LOGIN_PATIENCE", 0.5)  # google-auth tries again for much longer
    assert only(doctor()).name == "Google Cloud"


def test_a_google_that_never_answers_costs_seconds(
    doctor: Doctor, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "PATIENCE", 0.2)
    monkeypatch.setenv(TOKEN, google_server.TOKEN)
    project.delay = 1.0
    assert only(doctor()).found == "doesn't answer (127.0.0.1: timed out)"


def test_a_proxys_page_is_no_answer(
    doctor: Doctor, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN, google_server.TOKEN)
    project.raw = b"<html>Please log in to the network</html>"
    assert only(doctor()).found == "doesn't answer (127.0.0.1 answers 200, and not in JSON)"


def test_the_other_lines_are_shown_and_the_exit_code_is_1(
    doctor: Doctor,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    root = paths.Project(tmp_path)
    write_stack(root, "prod", google="{project: my-project, region: europe-west4}", cluster="{kind: gke}")
    assert main.main(["doctor", "--project", str(tmp_path), "--stack", "prod"]) == 1
    said = capsys.readouterr().out
    assert "Python" in said
    assert "→ gcloud auth application-default login" in said
    assert re.search(r"`make up` can't work yet: (.*, )?credentials\.", said)


def test_a_wrong_file_is_one_line_too(
    tmp_path: Path, url: str, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    write_stack(paths.Project(tmp_path), "prod", google="{project: X, region: europe-west4}")
    assert main.main(["doctor", "--project", str(tmp_path), "--stack", "prod"]) == 1
    assert "Pulumi.prod.yaml has 1 problem   → make preview STACK=prod" in capsys.readouterr().out
    assert project.asked == []
