"""Custom resource definitions for the sandbox's API server, so that it judges custom resources as others do.

Those of the Gateway API, cert-manager, Envoy Gateway, the Prometheus operator and Google's managed Prometheus
are their projects' own, out of Go modules that sandbox/go/crds pins; GKE's others are in `gke_crds`. There are no
controllers: a Gateway stays without an address, a Certificate without a Secret, and a PodMonitor scrapes nothing.
"""

import hashlib
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self, cast

import yaml

from sandbox import build, components, gke_crds, paths, toolchain
from sandbox.api import Api
from sandbox.errors import SandboxError
from sandbox.paths import Home
from sandbox.progress import Step

MODULE = build.MODULES / "crds"
PATIENCE = 60.0
"""Seconds until definitions that the API server doesn't serve are given up: 20 times what 2 cores need."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a module keeps its definitions, and which of them are installed."""

    folder: str
    group: str
    plurals: tuple[str, ...]
    usually: int = 3
    """Seconds that its download takes."""


# The oldest releases that the project's targets have: what they accept, the newer ones accept too.
SOURCES = {
    "sigs.k8s.io/gateway-api": Source(
        folder="config/crd/standard",
        group="gateway.networking.k8s.io",
        plurals=("backendtlspolicies", "gatewayclasses", "gateways", "httproutes", "referencegrants"),
    ),
    "github.com/cert-manager/cert-manager": Source(
        folder="deploy/crds", group="cert-manager.io", plurals=("certificates", "clusterissuers", "issuers")
    ),
    "github.com/envoyproxy/gateway": Source(
        folder="charts/gateway-helm/charts/crds/crds/generated",
        group="gateway.envoyproxy.io",
        plurals=("backendtrafficpolicies", "clienttrafficpolicies", "envoyproxies", "securitypolicies"),
    ),
    "github.com/prometheus-operator/prometheus-operator": Source(
        folder="example/prometheus-operator-crd",
        group="monitoring.coreos.com",
        plurals=("alertmanagerconfigs", "podmonitors", "probes", "prometheusrules"),
    ),
    "github.com/GoogleCloudPlatform/prometheus-engine": Source(
        folder="charts/operator/crds",
        group="monitoring.googleapis.com",
        plurals=("podmonitorings", "rules"),
        usually=30,  # its zip holds the parts of Prometheus' own page: 91 MB
    ),
}
"""For each module, where its definitions are."""

COLLECTION = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
NAMES_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
OURS = "sandbox.kotaemon.local/definitions"
"""The annotation that marks a definition as installed from here, and of which version."""


@dataclass(frozen=True)
class Definition:
    """One CustomResourceDefinition, as it is sent to the API server."""

    body: Mapping[str, object]

    @property
    def _spec(self) -> Mapping[str, object]:
        return cast(Mapping[str, object], self.body["spec"])

    @property
    def plural(self) -> str:
        """The kind's name in paths."""
        return cast(Mapping[str, str], self._spec["names"])["plural"]

    @property
    def name(self) -> str:
        """The definition's own name."""
        return f"{self.plural}.{self._spec['group']}"

    @property
    def served(self) -> tuple[str, ...]:
        """The paths of the served versions, as `/apis/GROUP/VERSION`."""
        versions = cast(list[Mapping[str, object]], self._spec["versions"])
        return tuple(f"/apis/{self._spec['group']}/{v['name']}" for v in versions if v["served"])

    @cached_property
    def digest(self) -> str:
        """What tells one version of it from another."""
        return hashlib.sha256(json.dumps(self.body, sort_keys=True).encode()).hexdigest()[:12]

    @classmethod
    def of(cls, body: Mapping[str, object]) -> Self:
        """Without the descriptions: two thirds of it, which the API server would keep in memory."""
        return cls(cast(Mapping[str, object], _undescribed(body)))


def ensure() -> tuple[Definition, ...]:
    """All definitions, out of the cache; the modules (110 MB) are downloaded where it has none.

    Raises SandboxError where a module can't be had or isn't what go.sum says.
    """
    cached = _cached()
    if not cached.exists():
        with paths.locked(paths.cache() / "build.lock", "builds the sandbox's binaries"):
            if not cached.exists():
                _store(cached, [d.body for module in SOURCES for d in _from(_download(module), module)])
    os.utime(cached.parent)  # in use: what nobody used for a month is pruned
    found = [Definition(body) for body in json.loads(cached.read_text())]
    return (*found, *(Definition(body) for body in gke_crds.definitions()))


def install(home: Home | None = None) -> tuple[str, ...]:
    """Define on a running cluster what isn't defined there, and wait until it is served.

    Returns the names of what wasn't there as it should be. A definition that somebody else made is
    left as it is. Raises SandboxError where the API server refuses one or doesn't come to serve it.
    """
    home = home or Home.default()
    wanted = ensure()
    ports = components.known_ports(home)
    with Api(home.pki, ports["kube-apiserver"], timeout=PATIENCE) if ports else nullcontext() as api:
        if not api or not api.healthy("/readyz"):
            raise SandboxError("The sandbox isn't running. Start it: python -m sandbox start")
        names = [definition.name for definition in lacking(api, wanted)]
        deadline = time.monotonic() + PATIENCE
        with Step("Custom resource definitions", usually=3) if names else nullcontext():
            while not apply(api, wanted):
                if time.monotonic() > deadline:
                    raise SandboxError(
                        f"After {PATIENCE:.0f} s the API server doesn't serve all of: {', '.join(names)}"
                    )
                time.sleep(0.05)
    return tuple(sorted(names))


def apply(api: Api, wanted: Sequence[Definition]) -> bool:
    """Write what is lacking; True when nothing was, and all of it is served. Call it until it is."""
    found = lacking(api, wanted)
    for definition in found:
        _write(api, definition)
    return not found


def lacking(api: Api, wanted: Sequence[Definition]) -> list[Definition]:
    """Those that aren't there, are there from another version of us, or aren't served yet."""
    there = _annotations(api)
    resources = {path: _resources(api, path) for path in {path for d in wanted for path in d.served}}

    def lacks(definition: Definition) -> bool:
        if definition.name not in there:
            return True
        if not (digest := there[definition.name]):
            return False  # somebody else's
        return digest != definition.digest or any(
            definition.plural not in resources[path] for path in definition.served
        )

    return [definition for definition in wanted if lacks(definition)]


def _annotations(api: Api) -> dict[str, str | None]:
    """What the cluster defines, with our digest where it is from here."""
    found: dict[str, str | None] = {}
    for item in api.items(COLLECTION, NAMES_ONLY):
        metadata = cast(dict[str, object], item["metadata"])
        annotations = cast(dict[str, str], metadata.get("annotations") or {})
        found[cast(str, metadata["name"])] = annotations.get(OURS)
    return found


def _resources(api: Api, path: str) -> set[str]:
    """The kinds that the server serves in a group's version: none until a definition is established."""
    status, body = api.request("GET", path)
    return {resource["name"] for resource in json.loads(body)["resources"]} if status == 200 else set()


def _write(api: Api, definition: Definition) -> None:
    """Create or replace a definition, unless that is done. The next round tries again what failed."""
    path = f"{COLLECTION}/{definition.name}"
    status, answer = api.request("GET", path)
    metadata = dict(cast(Mapping[str, object], definition.body["metadata"]))
    annotations = cast(dict[str, str], metadata.get("annotations") or {})
    metadata["annotations"] = annotations | {OURS: definition.digest}
    if status == 200:
        current = json.loads(answer)["metadata"]
        if current.get("annotations", {}).get(OURS) in {None, definition.digest}:
            return  # only not served yet
        metadata["resourceVersion"] = current["resourceVersion"]
        status, answer = api.request("PUT", path, {**definition.body, "metadata": metadata})
    else:
        status, answer = api.request("POST", COLLECTION, {**definition.body, "metadata": metadata})
    if status in {400, 422}:
        raise SandboxError(f"The API server refuses {definition.name}: {json.loads(answer)['message']}")


def _cached() -> Path:
    """The file of the modules' definitions; its folder's name holds a hash of all that decides them."""
    digest = hashlib.sha256(repr(SOURCES).encode())
    for file in sorted(MODULE.glob("go.*")):
        digest.update(file.read_bytes())
    return paths.cache() / "built" / f"crds-{digest.hexdigest()[:12]}" / "definitions.json"


def _store(file: Path, bodies: list[Mapping[str, object]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    paths.write_private(file, json.dumps(bodies))


def _download(module: str) -> Path:
    """The folder of a module's sources, in Go's cache; Go checks them against go.sum."""
    minimum = re.search(r"^go\s+(\S+)", (MODULE / "go.mod").read_text(), re.MULTILINE)
    go = toolchain.go(toolchain.version_of(minimum.group(1)) if minimum else ())
    with Step(f"Definitions of {module}", usually=SOURCES[module].usually):
        answer = subprocess.run(
            [str(go), "mod", "download", "-json", module],
            cwd=MODULE,
            env=toolchain.environment(),
            capture_output=True,
            text=True,
            timeout=600,
        )
    said = json.loads(answer.stdout) if answer.stdout.startswith("{") else {}
    if answer.returncode or "Dir" not in said:
        reason = said.get("Error") or answer.stderr.strip()
        raise SandboxError(
            f"The Go module {module} couldn't be had: {reason}\nMake a Go proxy reachable (GOPROXY)."
        )
    return Path(said["Dir"])


def _from(folder: Path, module: str) -> Iterator[Definition]:
    """A module's definitions, out of its sources."""
    source = SOURCES[module]
    for plural in source.plurals:
        file = folder / source.folder / f"{source.group}_{plural}.yaml"
        documents = yaml.load_all(file.read_text(), _Loader)
        yield from (Definition.of(document) for document in documents if document)


class _Loader(yaml.SafeLoader):
    """YAML as Kubernetes reads it, for which a lone `=` is text; YAML 1.1 had another meaning for it."""


_Loader.yaml_implicit_resolvers = {
    first: [found for found in resolvers if found[0] != "tag:yaml.org,2002:value"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _undescribed(part: object) -> object:
    """A schema without its texts for people; a field that is named `description` has no text, and stays."""
    if isinstance(part, dict):
        return {
            key: _undescribed(value)
            for key, value in part.items()
            if not (key == "description" and isinstance(value, str))
        }
    return [_undescribed(item) for item in part] if isinstance(part, list) else part
