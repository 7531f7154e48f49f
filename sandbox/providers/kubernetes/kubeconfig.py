"""Kubeconfigs: which server, how to trust it, who to be."""

import base64
import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from sandbox.providers.base import Failure
from sandbox.providers.wire import Properties, Value

from .objects import rows, table, text

_EXEC_TIMEOUT = 60  # seconds; a login that needs a person takes longer than any other


@dataclass(frozen=True)
class Access:
    """One server and one identity. What is secret stays out of the repr."""

    server: str
    namespace: str = "default"
    authority: str | None = None  # PEM
    insecure: bool = False
    server_name: str | None = None
    certificate: str | None = field(default=None, repr=False)  # PEM
    key: str | None = field(default=None, repr=False)  # PEM
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


def parse(path_or_content: str) -> Properties:
    """A kubeconfig from a file's path or from the text itself."""
    folder = Path.cwd()
    content = path_or_content
    if "\n" not in path_or_content and len(path_or_content) < 4096:
        path = Path(path_or_content).expanduser()
        if path.is_file():
            content, folder = path.read_text(), path.parent
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        loaded = yaml.load(content, Loader=loader)  # noqa: S506 - both loaders are the safe ones
    except yaml.YAMLError as error:
        raise ValueError(f"not YAML: {error}") from None
    if not isinstance(loaded, dict):
        raise ValueError("neither the path of a file nor a kubeconfig's text")
    config: Properties = loaded
    _anchor(config, folder)
    return config


def _anchor(config: Properties, folder: Path) -> None:
    """Make the paths in a file relative to that file."""
    for section, kind, keys in (
        ("clusters", "cluster", ("certificate-authority",)),
        ("users", "user", ("client-certificate", "client-key", "tokenFile")),
    ):
        for row in rows(config, section):
            entry = table(row, kind)
            for key in keys:
                if value := text(entry, key):
                    entry[key] = str(folder / value)


def ambient() -> Properties:
    """The kubeconfig of $KUBECONFIG (the first file to name something wins) or of the home folder."""
    named = [path for path in os.environ.get("KUBECONFIG", "").split(os.pathsep) if path]
    merged: Properties = {}
    for path in named or ["~/.kube/config"]:
        if not Path(path).expanduser().is_file():
            continue
        for key, value in parse(path).items():
            if isinstance(value, list):
                merged[key] = [*rows(merged, key), *value]
            else:
                merged.setdefault(key, value)
    return merged


def _entry(config: Properties, section: str, kind: str, name: str) -> Properties | None:
    for row in rows(config, section):
        if text(row, "name") == name:
            return table(row, kind)
    return None


def active_cluster(config: Properties, context: str = "", cluster: str = "") -> Properties | None:
    """The cluster's entry that is in use, or None."""
    chosen = _entry(config, "contexts", "context", context or text(config, "current-context"))
    if chosen is None:
        return None
    return _entry(config, "clusters", "cluster", cluster or text(chosen, "cluster"))


def access(config: Properties, context: str = "", cluster: str = "", namespace: str = "") -> Access:
    """What it takes to talk to the server that the kubeconfig, and the overrides, choose."""
    current = context or text(config, "current-context")
    chosen = _entry(config, "contexts", "context", current)
    if chosen is None:
        known = ", ".join(text(row, "name") for row in rows(config, "contexts")) or "none"
        raise ValueError(f'context "{current}" does not exist (contexts: {known})')
    target = _entry(config, "clusters", "cluster", cluster or text(chosen, "cluster"))
    if target is None or not text(target, "server"):
        raise ValueError(f'cluster "{cluster or text(chosen, "cluster")}" does not exist')
    user = _entry(config, "users", "user", text(chosen, "user")) or {}
    status = _exec(user, target) if "exec" in user else {}
    token = text(status, "token") or text(user, "token")
    if not token and text(user, "tokenFile"):
        token = Path(text(user, "tokenFile")).read_text().strip()
    headers = []
    if token:
        headers.append(("Authorization", f"Bearer {token}"))
    elif text(user, "username"):
        pair = f"{text(user, 'username')}:{text(user, 'password')}".encode()
        headers.append(("Authorization", f"Basic {base64.b64encode(pair).decode()}"))
    if text(user, "as"):
        headers.append(("Impersonate-User", text(user, "as")))
    return Access(
        server=text(target, "server").rstrip("/"),
        namespace=namespace or text(chosen, "namespace") or "default",
        authority=_pem(target, "certificate-authority"),
        insecure=target.get("insecure-skip-tls-verify") is True,
        server_name=text(target, "tls-server-name") or None,
        certificate=text(status, "clientCertificateData") or _pem(user, "client-certificate"),
        key=text(status, "clientKeyData") or _pem(user, "client-key"),
        headers=tuple(headers),
    )


def _pem(entry: Properties, key: str) -> str | None:
    if data := text(entry, f"{key}-data"):
        return base64.b64decode(data).decode()
    return Path(text(entry, key)).read_text() if text(entry, key) else None


def _exec(user: Properties, target: Properties) -> Properties:
    """Run a credential plugin (client.authentication.k8s.io) and return its status."""
    spec = table(user, "exec")
    command = [text(spec, "command"), *(str(argument) for argument in rows(spec, "args"))]
    cluster: Value = {"server": target.get("server")} if spec.get("provideClusterInfo") else None
    info: Properties = {
        "apiVersion": text(spec, "apiVersion"),
        "kind": "ExecCredential",
        "spec": {"interactive": False, **({"cluster": cluster} if cluster else {})},
    }
    environment = {text(row, "name"): text(row, "value") for row in rows(spec, "env")}
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **environment, "KUBERNETES_EXEC_INFO": json.dumps(info)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_EXEC_TIMEOUT,
            check=True,
        )
        answer: Value = json.loads(done.stdout)
    except FileNotFoundError:
        hint = text(spec, "installHint").strip()
        raise Failure(
            f"the kubeconfig's login command {command[0]} is not installed. {hint}".strip()
        ) from None
    except subprocess.CalledProcessError as error:
        raise Failure(f"the kubeconfig's login command {command[0]} failed: {error.stderr.strip()}") from None
    except (subprocess.TimeoutExpired, json.JSONDecodeError) as error:
        raise Failure(f"the kubeconfig's login command {command[0]} gave no credential: {error}") from None
    return table(answer, "status")
