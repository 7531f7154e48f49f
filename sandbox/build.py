"""Build the sandbox's binaries from pinned Go modules, once, into a cache."""

import hashlib
import os
import platform
import re
import shutil
import sys
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from sandbox import paths, toolchain
from sandbox.errors import SandboxError
from sandbox.processes import tail
from sandbox.progress import Step

MODULES = Path(__file__).parent / "go"
FLAGS = ("-mod=readonly", "-trimpath", "-buildvcs=false")
UNUSED_DAYS = 30
NEEDED_GIGABYTES = 9


@dataclass(frozen=True)
class Binary:
    """One command to build."""

    name: str
    module: str
    """The folder below sandbox/go whose go.mod pins it."""
    package: str
    seconds: float
    """How long a first build takes on 2 cores, to tell the user what to expect."""
    pinned: str | None = None
    """The required module whose version is linked into the binary."""
    variable: str | None = None
    """The Go variable that takes it; Pulumi's Automation API and kubectl refuse an empty one."""
    tags: tuple[str, ...] = ()
    """Build tags: what to leave out."""

    @property
    def folder(self) -> Path:
        """The module's folder."""
        return MODULES / self.module

    @property
    def linker_flags(self) -> str:
        """Without debugging tables, and with the version where the binary wants it."""
        if not self.pinned or not self.variable:
            return "-s -w"
        prefix = "" if self.module == "engine" else "v"
        return f"-s -w -X {self.variable}={prefix}{self.version}"

    @property
    def version(self) -> str:
        """The pinned module's version in go.mod, without the `v`."""
        text = (self.folder / "go.mod").read_text()
        match = re.search(rf"^\s*(?:require\s+)?{re.escape(self.pinned or '')}\s+v(\S+)", text, re.MULTILINE)
        if not match:
            raise SandboxError(f"{self.folder / 'go.mod'} doesn't require {self.pinned}")
        return match.group(1)

    @property
    def path(self) -> Path:
        """Where the binary is once built.

        The folder's name holds a hash of all that decides the result, so that a bumped module or a
        changed flag gives a new folder. `bin/` is what the Automation API expects below a root.
        """
        digest = hashlib.sha256()
        for file in sorted(self.folder.glob("*")):
            digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
        decisive = (*FLAGS, *self.tags, self.linker_flags, sys.platform, platform.machine())
        digest.update(" ".join(decisive).encode())
        return paths.cache() / "built" / f"{self.module}-{digest.hexdigest()[:12]}" / "bin" / self.name


def _kubernetes(name: str, seconds: float) -> Binary:
    return Binary(
        name,
        "kubernetes",
        f"k8s.io/kubernetes/cmd/{name}",
        seconds,
        "k8s.io/kubernetes",
        "k8s.io/component-base/version.gitVersion",
    )


def _prometheus(name: str, seconds: float) -> Binary:
    """Its module counts 0.3xx for 3.xx: Go wants another import path for a 3."""
    return Binary(
        name,
        "prometheus",
        f"github.com/prometheus/prometheus/cmd/{name}",
        seconds,
        "github.com/prometheus/prometheus",
        # The clouds' service discoveries would be most of the build.
        tags=("remove_all_sd", "enable_dns_sd", "enable_kubernetes_sd"),
    )


def _monitoring(name: str, module: str, pinned: str, package: str = "", seconds: float = 60) -> Binary:
    return Binary(
        name, module, pinned + package, seconds, pinned, "github.com/prometheus/common/version.Version"
    )


BINARIES = {
    binary.name: binary
    for binary in (
        Binary("etcd", "etcd", ".", 45),
        _kubernetes("kube-apiserver", 195),
        _kubernetes("kube-controller-manager", 70),
        _kubernetes("kube-scheduler", 6),
        Binary("kwok", "kwok", "sigs.k8s.io/kwok/cmd/kwok", 100),
        _kubernetes("kubectl", 22),
        Binary(
            "pulumi",
            "engine",
            "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
            230,
            "github.com/pulumi/pulumi/pkg/v3",
            "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version",
        ),
        # Only tests run these: over .github/workflows, and as what stands beside the application in its pod.
        Binary(
            "actionlint",
            "actionlint",
            "github.com/rhysd/actionlint/cmd/actionlint",
            15,
            "github.com/rhysd/actionlint",
            "github.com/rhysd/actionlint.version",
        ),
        Binary(
            "oauth2-proxy",
            "oauth2-proxy",
            "github.com/oauth2-proxy/oauth2-proxy/v7",
            60,
            "github.com/oauth2-proxy/oauth2-proxy/v7",
            "github.com/oauth2-proxy/oauth2-proxy/v7/pkg/version.VERSION",
        ),
        Binary(
            "cloud-sql-proxy",
            "cloud-sql-proxy",
            "github.com/GoogleCloudPlatform/cloud-sql-proxy/v2",
            90,
            "github.com/GoogleCloudPlatform/cloud-sql-proxy/v2",
        ),
        # Monitoring, with the versions of the images.
        _prometheus("prometheus", 180),
        _prometheus("promtool", 20),
        *(
            _monitoring(name, "alertmanager", "github.com/prometheus/alertmanager", f"/cmd/{name}")
            for name in ("alertmanager", "amtool")
        ),
        _monitoring("kube-state-metrics", "kube-state-metrics", "k8s.io/kube-state-metrics/v2"),
        _monitoring("blackbox-exporter", "blackbox-exporter", "github.com/prometheus/blackbox_exporter"),
        _monitoring(
            "postgres-exporter",
            "postgres-exporter",
            "github.com/prometheus-community/postgres_exporter",
            "/cmd/postgres_exporter",
        ),
        _monitoring(
            "elasticsearch-exporter",
            "elasticsearch-exporter",
            "github.com/prometheus-community/elasticsearch_exporter",
        ),
        Binary(
            "loki",
            "loki",
            "github.com/grafana/loki/v3/cmd/loki",
            240,
            "github.com/grafana/loki/v3",
            "github.com/grafana/loki/v3/pkg/util/build.Version",
        ),
        Binary(
            "otel-collector",
            "otel-collector",
            ".",
            180,
            "go.opentelemetry.io/collector/otelcol",
            "main.version",
        ),
        # The newest Jaeger that can be had as a Go module.
        Binary(
            "jaeger",
            "otel-jaeger",
            "github.com/jaegertracing/jaeger/cmd/all-in-one",
            180,
            "github.com/jaegertracing/jaeger",
        ),
    )
}
"""Everything the sandbox can build, in the order in which it is built."""


def ensure(names: Collection[str]) -> dict[str, Path]:
    """The paths of these binaries, built first where they are missing.

    Building takes minutes the first time; progress goes to standard error. Raises SandboxError
    with the compiler's last lines where it fails, KeyError for a name not in `BINARIES`.
    """
    wanted = {name: BINARIES[name] for name in BINARIES if name in names}
    if unknown := set(names) - set(wanted):
        raise KeyError(f"no such binary: {', '.join(sorted(unknown))}; there are: {', '.join(BINARIES)}")
    result = {name: binary.path for name, binary in wanted.items()}
    if not all(path.exists() for path in result.values()):
        with paths.locked(paths.cache() / "build.lock", "builds the sandbox's binaries"):
            _build([binary for name, binary in wanted.items() if not result[name].exists()])
            _prune({path.parent.parent for path in (binary.path for binary in BINARIES.values())})
    for path in result.values():
        os.utime(path.parent.parent)  # in use: what nobody used for a month is pruned
    return result


def _build(missing: list[Binary]) -> None:
    if not missing:
        return
    if platform.system() not in {"Linux", "Darwin"}:
        raise SandboxError(
            f"The sandbox runs on Linux and macOS, not on {platform.system()}. On Windows, use WSL 2, "
            "or point the stack at a cluster of your own (kubernetes:context)."
        )
    minutes = sum(binary.seconds for binary in missing) / 60
    print(
        f"Building from source, once, into {paths.cache()}: {', '.join(binary.name for binary in missing)}: "
        f"about {max(1, round(minutes))} min on 2 cores.",
        file=sys.stderr,
        flush=True,
    )
    free = shutil.disk_usage(paths.cache()).free / 1e9
    if free < NEEDED_GIGABYTES:
        print(f"Only {free:.1f} GB are free there; a first build needs {NEEDED_GIGABYTES}.", file=sys.stderr)
    go = toolchain.go(max(_minimum(binary) for binary in missing))
    for number, binary in enumerate(missing, start=1):
        _compile(go, binary, f"[{number}/{len(missing)}] {binary.name}")


def _minimum(binary: Binary) -> tuple[int, ...]:
    match = re.search(r"^go\s+(\S+)", (binary.folder / "go.mod").read_text(), re.MULTILINE)
    return toolchain.version_of(match.group(1)) if match else ()


def _compile(go: Path, binary: Binary, label: str) -> None:
    target = binary.path
    target.parent.mkdir(parents=True, exist_ok=True)
    for stale in target.parent.glob(f".{binary.name}.*"):
        stale.unlink()  # the lock is ours: whoever wrote it is gone
    partial = target.with_name(f".{binary.name}.{os.getpid()}")
    log = paths.cache() / "logs" / f"build-{binary.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    tags = ["-tags", ",".join(binary.tags)] if binary.tags else []
    flags = [*FLAGS, *tags, "-ldflags", binary.linker_flags, "-o", str(partial)]
    with Step(label, usually=binary.seconds) as step:
        code = toolchain.run([str(go), "build", *flags, binary.package], log, step, binary.folder)
        if code:
            raise SandboxError(
                f"{binary.name} didn't build. The compiler's last lines:\n{tail(log)}\nAll of it: {log}"
            )
        # Renamed only when complete, so that an interrupted build is never taken for a binary.
        partial.replace(target)


def _prune(kept: set[Path]) -> None:
    """Remove what an earlier version of a module left behind, unless another checkout uses it."""
    for folder in (paths.cache() / "built").iterdir():
        if folder not in kept and time.time() - folder.stat().st_mtime > UNUSED_DAYS * 86400:
            shutil.rmtree(folder, ignore_errors=True)
