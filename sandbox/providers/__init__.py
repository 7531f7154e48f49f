"""Stand-in resource providers for machines that can't download the official plugins.

The engine takes any program called `pulumi-resource-NAME` on PATH as the plugin NAME. `install`
writes such programs; each runs a module of this package. They behave as the official plugins do
(kubernetes 4.34.2, random 4.21.4), so that programs and states move between the two. The one for gcp only
previews.
"""

import os
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

# Name of the plugin -> module that serves it.
PROVIDERS = {
    "gcp": "sandbox.providers.gcp",
    "kubernetes": "sandbox.providers.kubernetes",
    "random": "sandbox.providers.random",
}
_ROOT = Path(__file__).resolve().parents[2]


def install(bin_dir: Path, names: Iterable[str] = PROVIDERS) -> Path:
    """Write one executable per provider, all or those named, into `bin_dir` and return it, ready for PATH.

    Idempotent, and atomic per file: an engine that starts meanwhile sees the old one or the new one.
    """
    bin_dir.mkdir(parents=True, exist_ok=True)
    for name in names:
        module = PROVIDERS[name]
        path = bin_dir / f"pulumi-resource-{name}"
        script = (
            "#!/bin/sh\n"
            f"PYTHONPATH={shlex.quote(str(_ROOT))} PYTHONSAFEPATH=1 "
            f'exec {shlex.quote(sys.executable)} -m {module} "$@"\n'
        )
        if path.is_file() and path.read_text() == script and os.access(path, os.X_OK):
            continue
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.write_text(script)
        draft.chmod(0o755)
        draft.replace(path)
    return bin_dir
