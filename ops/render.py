"""`make render`: a stack's manifests as files for a GitOps repository, without engine or cluster."""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import yaml

from ops.errors import OpsError
from ops.paths import Project
from ops.recording import MARK, Recording, clean, record

MARKER = ".rendered-by-kotaemon"
"""Names the files of the last render, so that stale ones are removed and others' are never touched."""

ORDER = (
    "Namespace", "CustomResourceDefinition", "StorageClass", "PriorityClass", "ResourceQuota", "LimitRange",
    "NetworkPolicy", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "ExternalSecret",
    "ConfigMap", "PersistentVolume", "PersistentVolumeClaim", "Service", "StatefulSet", "Deployment", "DaemonSet",
    "PodDisruptionBudget", "HorizontalPodAutoscaler", "Job", "CronJob",
)  # fmt: skip
"""The order in which kinds are applied; all others come after."""

LARGE = 200_000
"""Bytes above which an object doesn't fit into the annotation by which client-side apply works."""
SERVER_SIDE = {"argocd.argoproj.io/sync-options": "ServerSideApply=true"}
"""Argo CD applies on the client's side unless told otherwise; Flux never does."""

Manifest = dict[str, object]


def render(project: Project, stack: str, out: Path, store: str, say: Callable[[str], object]) -> None:
    """Write a stack's manifests. Raises OpsError where the configuration is wrong or the folder isn't ours."""
    recording = record(project, stack)
    written = files(recording, stack, store)
    write(out, written)
    say(f"{out}: {len(written)} files for stack {stack}.")
    secrets = sum(name.split("-")[1:2] == ["externalsecret"] for name in written)
    if secrets:
        say(
            f"Its secrets are references to the store `{store}`: {out / 'SECRETS.md'} lists what must be in it."
        )
    for line in assumptions(recording, written):
        say(line)
    if recording.others:
        kinds = sorted({one.partition(" ")[0].rpartition(":")[2] for one in recording.others})
        say(
            f"Not in it, as they are no Kubernetes objects of ours: {len(recording.others)} resources "
            f"({', '.join(kinds)}); `make up` makes them."
        )


def assumptions(recording: Recording, written: Mapping[str, str]) -> list[str]:
    """What stands in the manifests and only Google knows: which file, which value, whose it is."""
    found = [
        f"  {name}: {value} ({whose})"
        for name, text in written.items()
        for value, whose in recording.assumed.items()
        if value in text
    ]
    return ["Made up, as only Google knows it; put in what `make up` shows:", *found] if found else []


def files(recording: Recording, stack: str, store: str) -> dict[str, str]:
    """Name and content of every file, always the same for the same recording. Raises OpsError on a leak."""
    objects: list[Manifest] = []
    listed: list[tuple[str, str, str]] = []
    for manifest in recording.objects:
        if manifest.get("kind") == "Secret" and manifest.get("apiVersion") == "v1":
            reference, entries = external(manifest, store, recording)
            objects.append(reference)
            listed += entries
        else:
            objects.append(manifest)
    result: dict[str, str] = {}
    for manifest in sorted(objects, key=_order):
        name, text = filename(manifest), dump(manifest)
        if len(text) > LARGE:
            text = dump(annotated(manifest, SERVER_SIDE))
        if MARK in text:
            raise OpsError(
                f"{manifest['kind']} {_name(manifest)} holds a secret, which only a Secret may. Nothing was written."
            )
        if name in result:
            raise OpsError(
                f"Two objects are called {manifest['kind']} {_name(manifest)}. Nothing was written."
            )
        result[name] = text
    header = (
        f"# Stack {stack}. Written by `make render`: change the stack's file, not these.\n"
        "# Apply with: kubectl apply --server-side -k .\n"
    )
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": list(result),
    }
    result["kustomization.yaml"] = header + dump(kustomization)
    if listed:
        result["SECRETS.md"] = secrets_page(sorted(listed), stack, store)
    return result


def annotated(manifest: Manifest, extra: Mapping[str, str]) -> Manifest:
    """The manifest with more annotations."""
    metadata = manifest.get("metadata")
    assert isinstance(metadata, Mapping)  # noqa: S101 the recorder gives every object a name
    return {
        **manifest,
        "metadata": {**metadata, "annotations": {**(metadata.get("annotations") or {}), **extra}},
    }


def external(
    secret: Mapping[str, object], store: str, recording: Recording
) -> tuple[Manifest, list[tuple[str, str, str]]]:
    """An ExternalSecret instead of a Secret; and key, origin and purpose of each value in it."""
    metadata = secret.get("metadata")
    assert isinstance(metadata, Mapping)  # noqa: S101 the recorder gives every object a name
    name, namespace = str(metadata["name"]), str(metadata.get("namespace", "default"))
    data: list[Manifest] = []
    listed: list[tuple[str, str, str]] = []
    for part in ("data", "stringData"):
        values = secret.get(part)
        if not isinstance(values, Mapping):
            continue
        for key in sorted(values):
            remote = f"{namespace}/{name}/{key}"
            data.append({"secretKey": key, "remoteRef": {"key": remote}})
            origin, how = describe(str(values[key]), recording)
            listed.append((remote, origin, how))
    kind = str(secret.get("type") or "Opaque")
    target: Manifest = {"name": name, "creationPolicy": "Owner"}
    if kind != "Opaque":
        target["template"] = {"type": kind}
    return {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": clean(metadata),
        "spec": {
            "refreshInterval": "1h",
            "secretStoreRef": {"kind": "ClusterSecretStore", "name": store},
            "target": target,
            "data": data,
        },
    }, listed


def describe(value: str, recording: Recording) -> tuple[str, str]:
    """Where a value comes from (generated, supplied, composed, fixed), and how to get it."""
    if value in recording.generated:
        return "generated", recording.generated[value]
    if value in recording.supplied:
        return "supplied", f"what `{recording.supplied[value]}` holds"
    if MARK not in value:
        # No secret is known to a render, so this isn't one.
        return "fixed", f"`{value}`" if "\n" not in value else "see the program"
    for word in recording.generated:
        value = value.replace(word, "${" + word.removeprefix(f"{MARK}-generated-").removesuffix("-END") + "}")
    for word, key in recording.supplied.items():
        value = value.replace(word, f"${{{key}}}")
    return "composed", f"`{value}`" if "\n" not in value else "a file with the values above in it"


def secrets_page(listed: Iterable[tuple[str, str, str]], stack: str, store: str) -> str:
    """SECRETS.md."""
    rows = "\n".join(f"| `{remote}` | {origin} | {how} |" for remote, origin, how in listed)
    return f"""# Secrets of stack {stack}

The manifests hold none. Each is fetched by the External Secrets Operator (external-secrets.io/v1) from the
ClusterSecretStore `{store}`; put these values into the store behind it before you apply them. A store whose keys
can't hold a slash needs a rewrite there, or `--secret-store` of another kind.

*generated*: make it up, once, and keep it: the data behind it opens with nothing else. *supplied*: yours.
*composed*: built from others, each part as its name in braces. *fixed*: not secret, but beside one that is.

| key in the store | origin | value |
|---|---|---|
{rows}
"""


def write(out: Path, written: Mapping[str, str]) -> None:
    """Put the files into a folder and remove what an earlier render left. Raises OpsError where it isn't ours."""
    marker = out / MARKER
    if out.exists() and not out.is_dir():
        raise OpsError(f"{out} is a file.", "Another folder: OUT=DIR")
    if out.is_dir() and any(out.iterdir()) and not marker.is_file():
        raise OpsError(
            f"{out} isn't empty, and wasn't written by `make render`: nothing was changed.",
            "Another folder: OUT=DIR",
        )
    before = marker.read_text(encoding="utf-8").split() if marker.is_file() else []
    out.mkdir(parents=True, exist_ok=True)
    # First, with the old names and the new ones, so that an interrupted render is still known as ours.
    marker.write_text("\n".join(sorted({*before, *written})) + "\n", encoding="utf-8")
    for name, text in written.items():
        (out / name).write_text(text, encoding="utf-8")
    for name in before:
        if name not in written and "/" not in name and name != MARKER:
            (out / name).unlink(missing_ok=True)
    marker.write_text("\n".join(sorted(written)) + "\n", encoding="utf-8")


def _name(manifest: Mapping[str, object]) -> str:
    metadata = manifest.get("metadata")
    return str(metadata.get("name", "")) if isinstance(metadata, Mapping) else ""


def _order(manifest: Mapping[str, object]) -> tuple[int, str, str, str]:
    kind = str(manifest["kind"])
    metadata = manifest.get("metadata")
    space = str(metadata.get("namespace", "")) if isinstance(metadata, Mapping) else ""
    return (ORDER.index(kind) if kind in ORDER else len(ORDER), kind, space, _name(manifest))


def filename(manifest: Mapping[str, object]) -> str:
    """`15-configmap-kotaemon-1a2b3c.yaml`: the rank of the kind, the kind, the name."""
    rank = _order(manifest)[0]
    stem = re.sub(r"[^a-z0-9.-]+", "-", f"{manifest['kind']}-{_name(manifest)}".lower())
    return f"{rank:02d}-{stem}.yaml"


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def dump(manifest: Mapping[str, object]) -> str:
    """A manifest as YAML: the usual keys first, the others by name, texts as blocks."""
    first = [key for key in ("apiVersion", "kind", "metadata") if key in manifest]
    ordered = {key: _sorted(manifest[key]) for key in [*first, *sorted(set(manifest) - set(first))]}
    return yaml.dump(ordered, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


def _sorted(value: object) -> object:
    if isinstance(value, Mapping):
        keys = sorted(value, key=lambda key: (key != "name", key))
        return {key: _sorted(value[key]) for key in keys}
    if isinstance(value, list):
        return [_sorted(one) for one in value]
    return value
