"""The processes that make up the control plane: their command lines, ports and kubeconfigs."""

import base64
import json
import random
import socket
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.paths import Home, write_private

NAMES = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")
"""In the order in which they start; they end in the opposite one."""

PORTS = {name: name for name in NAMES} | {"etcd-peer": "etcd"}
"""Each port, and the component that listens on it."""

RANGE = range(20000, 30000)
"""Below the ports that systems give to outgoing connections, and below Kubernetes' node ports."""


@dataclass(frozen=True)
class Component:
    """One process of the control plane."""

    name: str
    arguments: tuple[str, ...]
    port: int
    log: Path

    def command(self, binary: Path) -> list[str]:
        """The command line, without a shell."""
        return [str(binary), *self.arguments]


def all_components(home: Home, ports: Mapping[str, int]) -> tuple[Component, ...]:
    """Every process, in the order of `NAMES`.

    Each command line holds a path below the home and the ports of those it talks to, so that a
    process whose command line isn't the one wanted is known to need a restart.
    """
    arguments = {
        "etcd": _etcd(home, ports),
        "kube-apiserver": _apiserver(home, ports),
        "kube-controller-manager": _controller_manager(home, ports),
        "kube-scheduler": _client(home, ports, "kube-scheduler"),
        "kwok": _kwok(home, ports),
    }
    return tuple(
        Component(name, tuple(arguments[name]), ports[name], home.logs / f"{name}.log") for name in NAMES
    )


def server_url(ports: Mapping[str, int]) -> str:
    """Where the API server is."""
    return f"https://127.0.0.1:{ports['kube-apiserver']}"


def choose_ports(home: Home, running: Collection[str]) -> dict[str, int]:
    """The cluster's ports: the remembered ones, but another for each that somebody else took.

    `running` names the components that run and hold theirs.
    """
    remembered = known_ports(home) or {}
    ports: dict[str, int] = {}
    for name, owner in PORTS.items():
        port = remembered.get(name)
        if port is None or (owner not in running and not _free(port)):
            others = {*remembered.values(), *ports.values()}
            candidates = random.sample(RANGE, len(RANGE))
            port = next(p for p in candidates if p not in others and _free(p))
        ports[name] = port
    if ports != remembered:
        write_private(home.ports, json.dumps(ports, indent=2) + "\n")
    return ports


def known_ports(home: Home) -> dict[str, int] | None:
    """The ports of the last start, or None where there was none."""
    try:
        ports = json.loads(home.ports.read_text())
    except (OSError, ValueError):
        return None
    complete = isinstance(ports, dict) and all(isinstance(ports.get(name), int) for name in PORTS)
    return {name: ports[name] for name in PORTS} if complete else None


def write_kubeconfigs(home: Home, ports: Mapping[str, int], context: str) -> None:
    """One kubeconfig for the user and one for each component, with the certificates inside."""
    write_private(home.kubeconfig, _kubeconfig(home, ports, "admin", context))
    for name in ("kube-controller-manager", "kube-scheduler", "kwok"):
        write_private(home.pki / f"{name}.kubeconfig", _kubeconfig(home, ports, name, context))


def _etcd(home: Home, ports: Mapping[str, int]) -> list[str]:
    client, peer = (f"https://127.0.0.1:{ports[name]}" for name in ("etcd", "etcd-peer"))
    pki = home.pki
    return [
        "--name=kotaemon-sandbox",
        f"--data-dir={home.run / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=kotaemon-sandbox={peer}",
        # Certificates, because every user of the machine can reach 127.0.0.1.
        f"--cert-file={pki / 'server.crt'}",
        f"--key-file={pki / 'server.key'}",
        f"--trusted-ca-file={pki / 'ca.crt'}",
        "--client-cert-auth",
        f"--peer-cert-file={pki / 'server.crt'}",
        f"--peer-key-file={pki / 'server.key'}",
        f"--peer-trusted-ca-file={pki / 'ca.crt'}",
        "--peer-client-cert-auth",
        # A crash of the machine may lose the last writes: fine here, and several times faster.
        "--unsafe-no-fsync",
        "--auto-compaction-retention=30m",
        "--log-level=warn",
    ]


def _apiserver(home: Home, ports: Mapping[str, int]) -> list[str]:
    pki = home.pki
    return [
        f"--etcd-servers=https://127.0.0.1:{ports['etcd']}",
        f"--etcd-cafile={pki / 'ca.crt'}",
        f"--etcd-certfile={pki / 'kube-apiserver.crt'}",
        f"--etcd-keyfile={pki / 'kube-apiserver.key'}",
        *_serving(home, ports["kube-apiserver"]),
        # Nothing outside this machine calls it, and a machine without a network has no other address.
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",
        f"--client-ca-file={pki / 'ca.crt'}",
        "--anonymous-auth=false",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction,PodSecurity,ResourceQuota,LimitRanger",
        "--kubelet-preferred-address-types=InternalIP",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={pki / 'service-account.key'}",
        f"--service-account-signing-key-file={pki / 'service-account.key'}",
        "--allow-privileged=true",
        "--profiling=false",
    ]


def _controller_manager(home: Home, ports: Mapping[str, int]) -> list[str]:
    return [
        *_client(home, ports, "kube-controller-manager"),
        "--use-service-account-credentials=true",
        f"--root-ca-file={home.pki / 'ca.crt'}",
        f"--service-account-private-key-file={home.pki / 'service-account.key'}",
        "--enable-hostpath-provisioner",
        # A busy machine delays the simulated nodes' heartbeats; their pods would be marked unready for good.
        "--node-monitor-grace-period=24h",
    ]


def _client(home: Home, ports: Mapping[str, int], name: str) -> list[str]:
    """The controller manager and the scheduler: alone, so there is no leader to elect."""
    return [
        f"--kubeconfig={home.pki / f'{name}.kubeconfig'}",
        f"--master={server_url(ports)}",
        *_serving(home, ports[name]),
        "--leader-elect=false",
        "--profiling=false",
    ]


def _serving(home: Home, port: int) -> list[str]:
    return [
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--tls-cert-file={home.pki / 'server.crt'}",
        f"--tls-private-key-file={home.pki / 'server.key'}",
    ]


def _kwok(home: Home, ports: Mapping[str, int]) -> list[str]:
    return [
        f"--kubeconfig={home.pki / 'kwok.kubeconfig'}",
        f"--master={server_url(ports)}",
        "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
        "--cidr=10.244.0.1/16",
        # It answers as the nodes' kubelet, so that `kubectl logs` fails at once and says why.
        "--node-ip=127.0.0.1",
        f"--node-port={ports['kwok']}",
        f"--server-address=127.0.0.1:{ports['kwok']}",
        f"--tls-cert-file={home.pki / 'server.crt'}",
        f"--tls-private-key-file={home.pki / 'server.key'}",
    ]


def _free(port: int) -> bool:
    with socket.socket() as probe:
        # As Go's listeners do: else connections that are just closing make a free port look taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _kubeconfig(home: Home, ports: Mapping[str, int], identity: str, context: str) -> str:
    def data(name: str) -> str:
        return base64.b64encode((home.pki / name).read_bytes()).decode()

    # JSON is YAML, and needs no library.
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": context,
            "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
            "clusters": [
                {
                    "name": context,
                    "cluster": {"server": server_url(ports), "certificate-authority-data": data("ca.crt")},
                }
            ],
            "users": [
                {
                    "name": context,
                    "user": {
                        "client-certificate-data": data(f"{identity}.crt"),
                        "client-key-data": data(f"{identity}.key"),
                    },
                }
            ],
        },
        indent=2,
    )
