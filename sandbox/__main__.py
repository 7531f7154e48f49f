"""The sandbox's commands: python -m sandbox build|start|crds|stop|status|purge."""

import argparse
import datetime
import sys

from sandbox import build, cluster, crds, objects, paths
from sandbox.errors import SandboxError

KNOWN = ", ".join(build.BINARIES)


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the exit code: 0 when all is well, 1 when not, 130 when interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description="A Pulumi engine and a cluster of your own."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    building = commands.add_parser("build", help="build the programs it needs (minutes, once)")
    building.add_argument("names", nargs="*", metavar="NAME", help=f"only these of: {KNOWN}")
    commands.add_parser("start", help="start the cluster, or heal one that is half there")
    commands.add_parser("crds", help="define the custom resources on a running cluster; `start` does it too")
    commands.add_parser("stop", help="stop the cluster and keep its state")
    commands.add_parser("status", help="what runs; exit code 0 only if all is well")
    commands.add_parser("purge", help="remove the state of a stopped cluster")
    chosen = parser.parse_args(arguments)
    handlers = {
        "build": _build,
        "start": _start,
        "crds": _crds,
        "stop": _stop,
        "status": _status,
        "purge": _purge,
    }
    try:
        return handlers[chosen.command](chosen)
    except SandboxError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. The same command again finishes the work.", file=sys.stderr)
        return 130


def _build(chosen: argparse.Namespace) -> int:
    if unknown := set(chosen.names) - set(build.BINARIES):
        raise SandboxError(f"No such program: {', '.join(sorted(unknown))}. There are: {KNOWN}")
    for name, path in build.ensure(chosen.names or tuple(build.BINARIES)).items():
        print(f"{name:24} {path}")
    return 0


def _start(_: argparse.Namespace) -> int:
    found = cluster.start()
    print(f"The sandbox runs at {found.server}, with {len(found.nodes)} simulated nodes.")
    print("Pods on them become Ready and run nothing.")
    print(f"export KUBECONFIG={found.kubeconfig}")
    return 0


def _crds(_: argparse.Namespace) -> int:
    written = crds.install()
    for name in written:
        print(f"defined {name}")
    print(f"{len(crds.ensure())} custom resources are defined, {len(written)} of them now.")
    return 0


def _stop(_: argparse.Namespace) -> int:
    print("Stopped; its state is kept." if cluster.stop() else "Nothing to stop.")
    return 0


def _status(_: argparse.Namespace) -> int:
    found = cluster.status()
    if found.stopped:
        print("The sandbox isn't running. Start it: python -m sandbox start")
        return 1
    now = datetime.datetime.now().astimezone().replace(microsecond=0)
    for component in found.components:
        since = str(now - datetime.timedelta(seconds=round(component.age))) if component.pid else "-"
        print(
            f"{component.name:24} pid {component.pid or '-':<8} port {component.port:<6} "
            f"since {since:25} {component.problem or 'ok'}"
        )
    print(f"{found.nodes_ready} of {len(objects.ZONES)} nodes ready")
    if not found.healthy:
        print("Not all is well. This heals it: python -m sandbox start")
    return 0 if found.healthy else 1


def _purge(_: argparse.Namespace) -> int:
    print("Removed." if cluster.purge() else "Nothing to remove.")
    print(f"The built programs stay in {paths.cache()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
