"""Stand-in for what starts a Python policy pack on an engine without the Python language host.

The engine then takes a program called `pulumi-analyzer-policy-python` on PATH, runs it in the pack's folder with
its own address and `.`, and reads a port from it.
"""

import os
import shlex
import sys
from pathlib import Path

NAME = "pulumi-analyzer-policy-python"


def install(bin_dir: Path) -> Path:
    """Write it into `bin_dir` and return that, ready for PATH. Idempotent; all of the file or nothing."""
    bin_dir.mkdir(parents=True, exist_ok=True)
    path = bin_dir / NAME
    # The pack's folder is the current one: without PYTHONSAFEPATH its modules would shadow others. The runtime's
    # options in PulumiPolicy.yaml come as further arguments, and are for the language host: this is that Python.
    script = f'#!/bin/sh\nPYTHONSAFEPATH=1 exec {shlex.quote(sys.executable)} -m pulumi.policy "$1" "$2"\n'
    if not (path.is_file() and path.read_text() == script and os.access(path, os.X_OK)):
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.write_text(script)
        draft.chmod(0o755)
        draft.replace(path)
    return bin_dir
