"""How long the program, the sandbox and the commands take on this machine.

    python -m bench                the program, the local stack, growth over 1, 10 and 100 workloads, the stores
    python -m bench program stack  only these parts (program, stack, providers, stores)

Times are medians of several runs, in seconds; beside each stands what is aimed at. Machines differ and are
noisy: compare with an earlier run on the same one.
"""

import contextlib
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from bench.measure import machine, seconds
from sandbox import build, cluster, components
from sandbox.paths import HOME_VARIABLE, Home

ROOT = Path(__file__).resolve().parents[1]
RUNS = 3


def row(what: str, taken: float, aim: str = "") -> None:
    """One line of the table."""
    print(f"  {what:<44} {taken:7.2f}   {aim}", flush=True)


def program() -> None:
    """Evaluation of the whole program under mocks."""
    from tests.program import evaluate
    from tests.stacks import VARIANTS

    print("\nThe program under mocks")
    for stack_name in ("local", "prod"):
        fresh = [sys.executable, "-c", f"from tests.program import evaluate; evaluate(stack='{stack_name}')"]
        taken = seconds(lambda c=fresh: subprocess.run(c, cwd=ROOT, check=True, capture_output=True), RUNS)  # type: ignore[misc]
        row(f"{stack_name}, a new process, imports included", taken)
    for name, variant in VARIANTS.items():
        # What the program warns of is no part of the table.
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            evaluated = seconds(lambda v=variant: evaluate(v.config, stack=v.stack, secrets=v.secrets), RUNS)  # type: ignore[misc]
        row(name, evaluated, "< 2")


def stack() -> None:
    """The local stack on the sandbox, by the commands that people type."""
    print("\nThe local stack on the warm sandbox")
    build.ensure([*components.NAMES, "pulumi"])
    with tempfile.TemporaryDirectory(prefix="kotaemon-bench-") as folder:
        home = Home(Path(folder) / "sandbox")
        environment = {
            **os.environ,
            HOME_VARIABLE: str(home.root),
            "XDG_STATE_HOME": f"{folder}/state",
            "KOTAEMON_CLUSTER": "sandbox",
            "KOTAEMON_ENGINE": "sandbox",
        }
        start = time.perf_counter()
        cluster.start(home)
        try:
            row("start of the cluster, built already", time.perf_counter() - start, "< 20")
            _operate(environment)
            _plan(environment)
        finally:
            cluster.stop(home)
            cluster.purge(home)


def _operate(environment: Mapping[str, str]) -> None:
    def ops(*arguments: str) -> Callable[[], object]:
        command = [sys.executable, "-m", "ops", *arguments]
        return lambda: subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)

    ups, downs = [], []
    row("preview of everything", seconds(ops("preview"), RUNS), "< 5")
    for _ in range(RUNS):
        ups.append(seconds(ops("up")))
        if len(ups) == RUNS:
            row("up of everything", statistics.median(ups), "< 20")
            row("up that changes nothing", seconds(ops("up"), RUNS), "< 5")
            row("diff that finds nothing", seconds(ops("diff"), RUNS), "< 5")
            row("status", seconds(ops("status"), RUNS))
        downs.append(seconds(ops("down", "--yes")))
    row("down", statistics.median(downs))


def _plan(environment: Mapping[str, str]) -> None:
    """Production on Google Cloud, which is only planned here."""
    print("\nThe prod stack, without an account")
    own = {key: value for key, value in environment.items() if key != "KOTAEMON_CLUSTER"}
    for what, arguments, aim in (
        ("preview of everything", ["preview"], "< 5"),
        ("policy", ["policy"], ""),
        ("pr-comment of no change", ["pr-comment", "--base", "HEAD"], ""),
    ):
        command = [sys.executable, "-m", "ops", *arguments, "--stack", "prod"]
        taken = seconds(
            lambda c=command: subprocess.run(c, cwd=ROOT, env=own, check=True, capture_output=True),  # type: ignore[misc]
            RUNS,
        )
        row(what, taken, aim)


def providers() -> None:
    """Growth with the number of workloads, against the official plugins."""
    print("\nThe stand-in providers", flush=True)
    subprocess.run([sys.executable, "-m", "bench.providers"], cwd=ROOT, check=True)


def stores() -> None:
    """PostgreSQL against LanceDB and Chroma, with the packages of Kotaemon's image."""
    print("\nThe mounted stores", flush=True)
    subprocess.run([ROOT / "tests/app/.venv/bin/python", "-m", "bench.stores"], cwd=ROOT, check=True)


PARTS = {"program": program, "stack": stack, "providers": providers, "stores": stores}


def main() -> None:
    """Run the parts that are named, or all."""
    print(machine())
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()


if __name__ == "__main__":
    main()
