"""What a pod's spec says, as a kubelet reads it: volumes, environment and command of its containers."""

import base64
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from json import loads
from pathlib import Path
from typing import Any

from sandbox.api import Api
from sandbox.cluster import Cluster
from sandbox.paths import Home

Json = Mapping[str, Any]
"""An object as the API server gives it."""
Edits = Mapping[str, Callable[[str], str]]
"""Changes to files that are mounted, by their name: a test's pace, a receiver of its own."""
SUFFIXES = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "k": 10**3, "M": 10**6, "G": 10**9, "m": 10**-3}


@dataclass(frozen=True, kw_only=True)
class Image:
    """What stands on this machine for an image."""

    files: Mapping[str, Path] = field(default_factory=dict)
    """Programs and folders of this machine, by their path in the image; what it has elsewhere shows through."""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    """The image's arguments, for containers without any."""
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: str = "/"
    """Where its process starts."""
    user: int = 0
    users: Mapping[str, int] = field(default_factory=dict)
    """Whom it knows by name, besides root."""

    @property
    def passwd(self) -> str:
        """Its /etc/passwd."""
        known = {"root": 0, **self.users}
        return "".join(f"{name}:x:{number}:{number}::/:/bin/sh\n" for name, number in known.items())


class Objects:
    """The API server's objects, by its paths; a connection for each question."""

    def __init__(self, cluster: Cluster) -> None:
        self.port = int(cluster.server.rpartition(":")[2])
        self._pki = Home(cluster.home).pki

    def ask(self, path: str, body: Json | None = None, method: str = "POST") -> Any:
        """The answer, None where there is no such object; `method` is for a body. RuntimeError where refused."""
        with Api(self._pki, self.port, timeout=30) as api:
            status, answer = api.request(method if body else "GET", path, body)
        if status == HTTPStatus.NOT_FOUND:
            return None
        if status not in {HTTPStatus.OK, HTTPStatus.CREATED}:
            raise RuntimeError(f"{path}: {status} {answer.decode(errors='replace')}")
        return loads(answer)


class Spec:
    """One pod."""

    def __init__(self, objects: Objects, pod: Json, folder: Path, edits: Edits) -> None:
        self._objects = objects
        self._edits = edits
        self.pod = pod
        self._claims = folder / "claims"
        self._folder = folder / "pods" / pod["metadata"]["uid"]
        self.context: Json = pod["spec"].get("securityContext", {})

    @property
    def _namespace(self) -> str:
        return str(self.pod["metadata"]["namespace"])

    def volume(self, name: str) -> Path:
        """The folder of a volume; written anew from what the API server has where that is its source."""
        volume: Json = next(one for one in self.pod["spec"]["volumes"] if one["name"] == name)
        group = self.context.get("fsGroup")
        if claim := volume.get("persistentVolumeClaim"):
            # It outlives the pod, and belongs to its group as far as it has one.
            return _folder(
                self._claims / self._namespace / claim["claimName"], 0o2775 if group else 0o755, group
            )
        folder = self._folder / name
        if "emptyDir" in volume:
            return _folder(folder, 0o2777 if group else 0o777, group)
        for path, data, mode in self._content(volume):
            target = _folder(folder, 0o755, group) / path
            _folder(target.parent, 0o755, group)
            target.write_bytes(self._edited(path, data))
            os.chown(target, 0, group or 0)
            target.chmod(mode | 0o440 if group else mode)
        return _folder(folder, 0o755, group)

    def _edited(self, path: str, data: bytes) -> bytes:
        return self._edits[path](data.decode()).encode() if path in self._edits else data

    def _content(self, volume: Json) -> list[tuple[str, bytes, int]]:
        """Path, bytes and mode of each file of a volume that the API server is the source of."""
        if projected := volume.get("projected"):
            mode = projected.get("defaultMode", 0o644)
            return [
                (path, data, mode) for one in projected["sources"] for path, data, _ in self._content(one)
            ]
        if token := volume.get("serviceAccountToken"):
            return [(token["path"], self._token(token).encode(), 0o644)]
        if fields := volume.get("downwardAPI"):
            found = {item["path"]: self._field(item["fieldRef"]["fieldPath"]) for item in fields["items"]}
            return [(path, text.encode(), fields.get("defaultMode", 0o644)) for path, text in found.items()]
        for kind in ("configMap", "secret"):
            if source := volume.get(kind):
                named = source.get("name") or source.get("secretName")
                data = self._data(kind, named, optional=source.get("optional", False))
                items = source.get("items") or [{"key": key, "path": key} for key in data]
                mode = source.get("defaultMode", 0o644)
                return [(item["path"], data[item["key"]], item.get("mode", mode)) for item in items]
        raise NotImplementedError(f"a volume like {sorted(volume)}")

    def _token(self, asked: Json) -> str:
        """A real one, bound to the pod, so that the API server's rules apply to who uses it."""
        account = self.pod["spec"].get("serviceAccountName", "default")
        reference = {"apiVersion": "v1", "kind": "Pod", "name": self.pod["metadata"]["name"]}
        wanted: dict[str, object] = {
            "expirationSeconds": asked.get("expirationSeconds", 3600),
            "boundObjectRef": {**reference, "uid": self.pod["metadata"]["uid"]},
        }
        if audience := asked.get("audience"):
            wanted["audiences"] = [audience]
        answer = self._objects.ask(
            f"/api/v1/namespaces/{self._namespace}/serviceaccounts/{account}/token",
            {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": wanted},
        )
        return str(answer["status"]["token"])

    def _data(self, kind: str, name: str, *, optional: bool) -> Mapping[str, bytes]:
        found = self._objects.ask(f"/api/v1/namespaces/{self._namespace}/{kind.lower()}s/{name}")
        if found is None and not optional:
            raise LookupError(f"{kind} {name} that pod {self.pod['metadata']['name']} wants isn't there")
        found = found or {}
        plain = found.get("data") or {}
        if kind == "secret":
            return {key: base64.b64decode(value) for key, value in plain.items()}
        binary = {key: base64.b64decode(value) for key, value in (found.get("binaryData") or {}).items()}
        return {**{key: value.encode() for key, value in plain.items()}, **binary}

    def _field(self, path: str) -> str:
        """A field of the pod by its path, such as metadata.labels['app']."""
        value: Any = self.pod
        for plain, quoted in re.findall(r"([^.\[\]']+)|\['([^']+)'\]", path):
            value = value[plain or quoted]
        return str(value)

    def environment(self, container: Json, image: Image) -> dict[str, str]:
        """The container's variables, with the API server at the name that its certificate has."""
        found = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOSTNAME": self._field("metadata.name"),
            "KUBERNETES_SERVICE_HOST": "kubernetes.default.svc",
            "KUBERNETES_SERVICE_PORT": "443",
            **image.environment,
        }
        for source in container.get("envFrom", ()):
            for kind in ("configMap", "secret"):
                if reference := source.get(f"{kind}Ref"):
                    data = self._data(kind, reference["name"], optional=reference.get("optional", False))
                    found |= {source.get("prefix", "") + key: data[key].decode() for key in data}
        for one in container.get("env", ()):
            value = self._value(container, one["valueFrom"]) if "valueFrom" in one else one.get("value", "")
            if value is not None:
                found[one["name"]] = expanded(value, found)
        return found

    def _value(self, container: Json, source: Json) -> str | None:
        for kind in ("configMap", "secret"):
            if key := source.get(f"{kind}KeyRef"):
                data = self._data(kind, key["name"], optional=key.get("optional", False))
                return None if key.get("optional") and key["key"] not in data else data[key["key"]].decode()
        if asked := source.get("fieldRef"):
            return self._field(asked["fieldPath"])
        if asked := source.get("resourceFieldRef"):
            which, _, resource = asked["resource"].partition(".")
            number = amount(container["resources"][which][resource]) / amount(asked.get("divisor", "1"))
            return str(-int(-number // 1))  # rounded up
        raise NotImplementedError(f"a variable from {sorted(source)}")

    def command(self, container: Json, image: Image, environment: Mapping[str, str]) -> list[str]:
        """What is run: the container's own words where it has some, else the image's."""
        words = container.get("command") or image.entrypoint
        arguments = container.get("args") or (() if container.get("command") else image.command)
        return [expanded(word, environment) for word in (*words, *arguments)]


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """$(NAME) replaced where there is such a variable; $$ escapes."""
    return re.sub(r"\$\$|\$\(([^)]+)\)", lambda m: "$" if m[0] == "$$" else variables.get(m[1], m[0]), text)


def amount(quantity: str) -> float:
    """Kubernetes' way to write numbers: 500m, 2Gi."""
    parts = re.fullmatch(r"([0-9.]+)([A-Za-z]*)", quantity)
    if not parts:
        raise ValueError(f"{quantity} is no quantity")
    return float(parts[1]) * SUFFIXES.get(parts[2], 1)


def port_of(containers: Sequence[Json], wanted: int | str) -> int:
    """The number of a port that may be given by its name."""
    named = {
        one["name"]: one["containerPort"] for c in containers for one in c.get("ports", ()) if "name" in one
    }
    return wanted if isinstance(wanted, int) else int(named[wanted])


def _folder(path: Path, mode: int, group: int | None) -> Path:
    if not path.exists():
        path.mkdir(parents=True)
        os.chown(path, 0, group or 0)
        path.chmod(mode)
    return path
