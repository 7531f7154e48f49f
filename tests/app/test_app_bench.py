"""The benchmark of the stores runs; its times are for people to judge."""

import subprocess
import sys

from conftest import HERE


def test_the_benchmark_compares_both_kinds_of_stores_at_the_sizes_it_is_given() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.stores", "300"],
        cwd=HERE.parents[1],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("300 chunks") == 2
    for line in ("PostgreSQL 18", "load everything", "search within two files", "of the ten best"):
        assert line in done.stdout
