"""Read kubeconfig files: which contexts there are, and how each is reached."""

import base64
import binascii
import json
import os
import ssl
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import yaml

from ops.errors import OpsError

Node = Mapping[str, object]
ASIDE = "Fix it or unset KUBECONFIG; or leave it aside: KOTAEMON_CLUSTER=sandbox"


@dataclass(frozen=True)
class Context:
    """A context, with the parts of its cluster and user that reaching it takes."""

    name: str
    file: Path | None
    """Where it was found; None for a kubeconfig that was given as text."""
    cluster: Node = field(default_factory=dict)
    user: Node = field(default_factory=dict)
    namespace: str = "default"

    @property
    def server(self) -> str:
        """The API server's address."""
        return str(self.cluster.get("server", ""))


def files(environment: Mapping[str, str]) -> list[Path]:
    """The kubeconfig files that kubectl would read, and that exist."""
    listed = environment.get("KUBECONFIG", "")
    home = Path(environment.get("HOME") or Path.home())
    candidates = [Path(part).expanduser() for part in listed.split(os.pathsep) if part] or [
        home / ".kube" / "config"
    ]
    return [path for path in candidates if path.is_file()]


def read(path: Path) -> list[Context]:
    """All contexts of a file. Raises OpsError where it isn't a kubeconfig."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OpsError(f"{path} can't be read: {error}", ASIDE) from error
    return parse(text, path)


def parse(text: str, file: Path | None) -> list[Context]:
    """All contexts of a kubeconfig's text, in its order. Raises OpsError where it isn't one."""
    where = file or "kubernetes:kubeconfig"
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise OpsError(f"{where} is not YAML: {' '.join(str(error).split())}", ASIDE) from error
    if document is None:
        return []
    if not isinstance(document, dict):
        raise OpsError(f"{where} is not a kubeconfig: it holds no mapping.", ASIDE)
    clusters, users = _named(document, "clusters", "cluster"), _named(document, "users", "user")
    contexts = [
        Context(
            name=name,
            file=file,
            cluster=clusters.get(str(context.get("cluster")), {}),
            user=users.get(str(context.get("user")), {}),
            namespace=str(context.get("namespace") or "default"),
        )
        for name, context in _named(document, "contexts", "context").items()
    ]
    current = document.get("current-context")
    return sorted(contexts, key=lambda context: context.name != current)


def _named(document: Node, plural: str, singular: str) -> dict[str, Node]:
    entries = document.get(plural)
    if not isinstance(entries, list):
        return {}
    return {
        str(entry["name"]): cast(Node, entry[singular])
        for entry in entries
        if isinstance(entry, dict) and "name" in entry and isinstance(entry.get(singular), dict)
    }


def text_of(context: Context) -> str:
    """A kubeconfig that holds this context alone, for tools that take one file."""
    name = context.name
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "clusters": [{"name": name, "cluster": dict(context.cluster)}],
            "users": [{"name": name, "user": dict(context.user)}],
        },
        sort_keys=True,
    )


def tls(context: Context) -> ssl.SSLContext | bool:
    """How the server's certificate is checked, with the user's own certificate where there is one."""
    cluster, user = context.cluster, context.user
    if cluster.get("insecure-skip-tls-verify") is True:
        trust = ssl._create_unverified_context()  # noqa: S323 the user's kubeconfig says so
    else:
        authority = _material(context, cluster, "certificate-authority")
        trust = ssl.create_default_context(cadata=authority.decode() if authority else None)
    certificate, key = (_material(context, user, f"client-{kind}") for kind in ("certificate", "key"))
    if certificate and key:
        # OpenSSL loads these from files only.
        with tempfile.TemporaryDirectory() as folder:
            for name, content in (("crt", certificate), ("key", key)):
                (Path(folder) / name).touch(mode=0o600)
                (Path(folder) / name).write_bytes(content)
            trust.load_cert_chain(Path(folder) / "crt", Path(folder) / "key")
    return trust


def _material(context: Context, node: Node, name: str) -> bytes | None:
    """The bytes of `name-data`, or of the file that `name` points at, relative to its kubeconfig."""
    if data := node.get(f"{name}-data"):
        try:
            return base64.b64decode(str(data), validate=True)
        except binascii.Error as error:
            raise OpsError(f"context {context.name}: {name}-data is not base64") from error
    if not (path := node.get(name)):
        return None
    file = Path(str(path)).expanduser()
    file = file if file.is_absolute() or context.file is None else context.file.parent / file
    try:
        return file.read_bytes()
    except OSError as error:
        raise OpsError(f"context {context.name}: {name} can't be read: {error}") from error


def token(context: Context) -> str | None:
    """The user's bearer token, from the file or from the plugin that it names (as GKE's and EKS's do)."""
    user = context.user
    if value := user.get("token"):
        return str(value)
    if path := user.get("tokenFile"):
        try:
            return Path(str(path)).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise OpsError(f"context {context.name}: tokenFile can't be read: {error}") from error
    plugin = user.get("exec")
    return _from_plugin(context.name, cast(Node, plugin)) if isinstance(plugin, dict) else None


def _from_plugin(context: str, plugin: Node) -> str | None:
    arguments = cast(Sequence[str], plugin.get("args") or [])
    variables = {
        str(entry["name"]): str(entry["value"])
        for entry in cast(Sequence[Node], plugin.get("env") or [])
        if "name" in entry and "value" in entry
    }
    info = {"apiVersion": plugin.get("apiVersion"), "kind": "ExecCredential", "spec": {"interactive": False}}
    try:
        answer = subprocess.run(
            [str(plugin.get("command", "")), *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
            env={**os.environ, **variables, "KUBERNETES_EXEC_INFO": json.dumps(info)},
        )
        return str(json.loads(answer.stdout)["status"]["token"])
    except FileNotFoundError as error:
        hint = str(plugin.get("installHint") or "").strip()
        raise OpsError(f"context {context} needs {plugin.get('command')}, which isn't here.", hint) from error
    except subprocess.CalledProcessError as error:
        raise OpsError(
            f"context {context}: {plugin.get('command')} failed: {error.stderr.strip()}"
        ) from error
    except (OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
        raise OpsError(f"context {context}: {plugin.get('command')} gave no token: {error}") from error
