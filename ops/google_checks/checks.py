"""The lines of `make doctor` that are about Google Cloud; the first that ends the matter is the last."""

import shutil
from collections.abc import Callable, Iterator

from components.config.google import EXAMPLE_PROJECT, ExistingGke, GkeCluster
from components.config.settings import Settings
from components.gke.apis import NEEDED_BEFORE, required_apis
from ops.check import Check, State
from ops.gcloud import active_member

from . import permissions, policies, quotas
from .access import LOG_IN, Api, ApiError, Endpoints, LoginError, UnreachableError, entries, log_in, mapping
from .quotas import Quota, Scope

_PLUGIN = "gke-gcloud-auth-plugin"

Find = Callable[[Api, Settings, str], Iterator[Check]]


def google_checks(settings: Settings, stack: str, endpoints: Endpoints | None = None) -> Iterator[Check]:
    """What a stack that is on Google Cloud lacks there; nothing for others."""
    if settings.google is None:
        return
    yield from _tools(settings)
    project = settings.google.project
    if project == EXAMPLE_PROJECT:
        yield Check("project", State.MISSING, f"{project} is an example", f"make init STACK={stack}")
        return
    try:
        identity = log_in()
    except LoginError as error:
        yield Check("credentials", State.MISSING, str(error), LOG_IN)
        return
    except UnreachableError as error:
        yield _unreachable(error)
        return
    yield Check("credentials", State.OK, identity.member or "there, and taken")
    api = Api(identity, project, endpoints or Endpoints())
    try:
        yield from _of_project(api, settings, identity.member or active_member() or "user:YOU")
    except UnreachableError as error:
        yield _unreachable(error)
    finally:
        api.close()


def _of_project(api: Api, settings: Settings, member: str) -> Iterator[Check]:
    project = _project(api, settings, member)
    yield project
    if project.state is State.MISSING:
        return
    finds: tuple[tuple[str, Find], ...] = (
        ("billing", _billing),
        ("services", _services),
        ("permissions", _permissions),
        ("quotas", _quotas),
        ("policies", _policies),
    )
    for name, find in finds:
        try:
            yield from find(api, settings, member)
        except ApiError as error:
            yield _unknown(name, error, _id(settings))


def _tools(settings: Settings) -> Iterator[Check]:
    gcloud = shutil.which("gcloud")
    yield Check(
        "gcloud",
        State.OK if gcloud else State.OPTIONAL,
        "on PATH" if gcloud else "not here; the commands below are its own",
        "" if gcloud else "https://cloud.google.com/sdk/docs/install",
    )
    if isinstance(settings.cluster, GkeCluster | ExistingGke):
        there = shutil.which(_PLUGIN)
        yield Check(
            _PLUGIN,
            State.OK if there else State.MISSING,
            "on PATH" if there else "not here; the cluster is reached with it",
            "" if there else f"gcloud components install {_PLUGIN}",
        )


def _project(api: Api, settings: Settings, member: str) -> Check:
    """Whether the project is there, and the two services are on by which anything is found out."""
    project = _id(settings)
    try:
        found = api.get(f"{api.endpoints.resource_manager}/v3/projects/{project}")
        api.get(f"{api.endpoints.service_usage}/v1/projects/{project}/services/{NEEDED_BEFORE[0]}")
    except ApiError as error:
        if error.reason == "UNAUTHENTICATED":
            return Check("credentials", State.MISSING, str(error), LOG_IN)
        if error.reason == "SERVICE_DISABLED" or error.service in NEEDED_BEFORE:
            return Check(
                "services",
                State.MISSING,
                f"{error.service or ' or '.join(NEEDED_BEFORE)} is off, by which `make up` turns on the others",
                f"gcloud services enable {' '.join(NEEDED_BEFORE)} --project {project}",
            )
        if error.reason == "USER_PROJECT_DENIED":
            return Check(
                "project",
                State.MISSING,
                f"{project} isn't there, or {member} may not use it",
                _grant(project, member, "roles/serviceusage.serviceUsageConsumer"),
            )
        if error.status in (403, 404):
            return Check(
                "project",
                State.MISSING,
                f"{project} isn't there, or {member} may not see it",
                f"gcloud projects describe {project} (or: gcloud projects create {project})",
            )
        return _unknown("project", error, project)
    if found.get("state", "ACTIVE") != "ACTIVE":
        return Check(
            "project", State.MISSING, f"{project} is to be deleted", f"gcloud projects undelete {project}"
        )
    return Check("project", State.OK, project)


def _billing(api: Api, settings: Settings, member: str) -> Iterator[Check]:
    project = _id(settings)
    answer = api.get(f"{api.endpoints.billing}/v1/projects/{project}/billingInfo")
    if answer.get("billingEnabled") is True:
        yield Check("billing", State.OK, "on")
    else:
        yield Check(
            "billing",
            State.MISSING,
            "the project has no billing account, without which Google makes nothing",
            f"gcloud billing projects link {project} --billing-account=ACCOUNT (gcloud billing accounts list)",
        )


def _services(api: Api, settings: Settings, member: str) -> Iterator[Check]:
    project, wanted = _id(settings), required_apis(settings)
    answer = api.get(
        f"{api.endpoints.service_usage}/v1/projects/{project}/services:batchGet",
        {"names": [f"projects/{project}/services/{service}" for service in wanted]},
    )
    on = {
        str(service.get("name")).rpartition("/")[2]
        for service in map(mapping, entries(answer.get("services")))
        if service.get("state") == "ENABLED"
    }
    off = [service for service in wanted if service not in on]
    before = [service for service in off if service in NEEDED_BEFORE]
    if before:
        yield Check(
            "services",
            State.MISSING,
            f"{', '.join(before)} must be on before `make up`",
            f"gcloud services enable {' '.join(before)} --project {project}",
        )
    elif off:
        names = _short(off)  # the command has them all
        shown = names if len(names) <= 4 else [*names[:3], f"{len(names) - 3} more"]
        yield Check(
            "services",
            State.OPTIONAL,
            f"`make up` turns on {len(off)} of {len(wanted)}: {', '.join(shown)}",
            f"gcloud services enable {' '.join(off)} --project {project}",
        )
    else:
        yield Check("services", State.OK, f"all {len(wanted)} are on")


def _permissions(api: Api, settings: Settings, member: str) -> Iterator[Check]:
    roles = permissions.needed(settings)
    lacking = permissions.missing(api, _id(settings), roles)
    for role, missing in lacking.items():
        yield Check(
            "permissions", State.MISSING, f"no {', '.join(missing)}", _grant(_id(settings), member, role)
        )
    if not lacking:
        yield Check("permissions", State.OK, f"all {sum(map(len, roles.values()))} that are needed")


def _quotas(api: Api, settings: Settings, member: str) -> Iterator[Check]:
    project, region = _id(settings), settings.google.region if settings.google else ""
    compute = f"{api.endpoints.compute}/compute/v1/projects/{project}"
    known = {
        Scope.REGION: _limits(api.get(f"{compute}/regions/{region}")),
        Scope.PROJECT: _limits(api.get(compute)),
    }
    wanted = quotas.demands(settings)
    shortages = [(demand, found) for demand in wanted if (found := quotas.short(demand, known))]
    for demand, found in shortages:
        where = f"in {region}" if demand.scope is Scope.REGION else "in the project"
        asked = str(demand.most) if demand.least == demand.most else f"{demand.least} to {demand.most}"
        yield Check(
            "quota",
            State.MISSING if found.hopeless else State.OPTIONAL,
            f"{found.metric} {where}: the stack takes {asked}, {found.quota.usage:.0f} of {found.quota.limit:.0f} "
            f"are in use{' (its own, perhaps)' if found.quota.usage else ''}",
            f"ask for more: https://console.cloud.google.com/iam-admin/quotas?project={project}",
        )
    if not shortages:
        counted = sum(demand.metric in known[demand.scope] for demand in wanted)
        yield Check(
            "quotas",
            State.OK if counted else State.OPTIONAL,
            f"{counted} of {len(wanted)} are known, and are enough for its most nodes"
            if counted
            else f"none of {len(wanted)} is known: what the stack takes couldn't be compared",
        )


def _policies(api: Api, settings: Settings, member: str) -> Iterator[Check]:
    restrictions = [
        found
        for constraint in policies.constraints(settings)
        if (found := policies.restriction(api, _id(settings), constraint))
    ]
    for found in restrictions:
        yield Check(
            "policies",
            State.MISSING if found.denies_all else State.OPTIONAL,
            f"{found.constraint.name} {found}",
            f"gcloud org-policies describe {found.constraint.name} --effective --project {_id(settings)}",
        )
    if not restrictions:
        yield Check("policies", State.OK, "no organization policy is in the way")


def _limits(answer: dict[str, object]) -> dict[str, Quota]:
    found = {}
    for one in map(mapping, entries(answer.get("quotas"))):
        limit, usage = one.get("limit"), one.get("usage", 0.0)
        if isinstance(limit, int | float) and isinstance(usage, int | float):
            found[str(one.get("metric"))] = Quota(limit=float(limit), usage=float(usage))
    return found


def _unknown(name: str, error: ApiError, project: str) -> Check:
    """Where Google doesn't tell: nothing is missing for certain."""
    if error.reason == "SERVICE_DISABLED" and error.service:
        return Check(
            name,
            State.OPTIONAL,
            f"not known, as {error.service} is off",
            f"gcloud services enable {error.service} --project {project}",
        )
    return Check(name, State.OPTIONAL, f"not known: {error}")


def _unreachable(error: UnreachableError) -> Check:
    return Check(
        "Google Cloud",
        State.MISSING,
        f"doesn't answer ({error})",
        "see to the network, or to HTTPS_PROXY; `make preview` works without",
    )


def _grant(project: str, member: str, role: str) -> str:
    return f"gcloud projects add-iam-policy-binding {project} --member={member} --role={role}"


def _short(services: list[str]) -> list[str]:
    return [service.removesuffix(".googleapis.com") for service in services]


def _id(settings: Settings) -> str:
    return settings.google.project if settings.google is not None else ""
