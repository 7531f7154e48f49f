"""The dashboards by Grafana's own types: an option that it doesn't know is one that silently does nothing."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from components.monitoring.dashboards import grafana_dashboards
from sandbox import paths
from tests.monitoring.rules.definitions import builtin

FOLDER = Path(__file__).parent / "schema"
KINDS = {
    "timeseries": "Graph",
    "stat": "Stat",
    "state-timeline": "States",
    "table": "Table",
    "text": "Words",
    "row": "Row",
}
"""The type in schema/grafana.ts of each kind of panel."""
PATIENCE = 180.0
"""Seconds for 26 MB of packages, or for judging all dashboards."""


@pytest.fixture(scope="module")
def compiler() -> Path:
    """TypeScript's compiler beside Grafana's types, of the versions in schema/package-lock.json."""
    if not shutil.which("npm"):
        pytest.skip("Grafana's types are an npm package, and here is no npm.")
    lock = (FOLDER / "package-lock.json").read_bytes()
    folder = paths.cache() / "grafana-schema"
    with paths.locked(paths.cache() / "grafana-schema.lock", "installs Grafana's types"):
        done = folder / "done"
        if not done.exists() or done.read_bytes() != lock:
            folder.mkdir(parents=True, exist_ok=True)
            for name in ("package.json", "package-lock.json"):
                shutil.copy(FOLDER / name, folder)
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            ended = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False
            )
            if ended.returncode:
                pytest.skip(f"Grafana's types can't be installed: {ended.stderr.strip().splitlines()[-1]}")
            done.write_bytes(lock)
    return folder / "node_modules" / ".bin" / "tsc"


def judged(compiler: Path, folder: Path, files: dict[str, str]) -> str:
    """What the compiler says of dashboards, a line for each fault."""
    (folder / "node_modules").symlink_to(compiler.parents[1])
    shutil.copy(FOLDER / "grafana.ts", folder)
    for name, content in files.items():
        # There is a dashboard of Grafana itself: its file must not replace the types.
        (folder / f"dashboard-{name}").with_suffix(".ts").write_text(typed(json.loads(content)))
    options = ("--noEmit", "--strict", "--skipLibCheck", "--target", "es2022")
    modules = ("--module", "esnext", "--moduleResolution", "bundler")
    command = [str(compiler), *options, *modules, *sorted(path.name for path in folder.glob("*.ts"))]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False)
    return done.stdout + done.stderr


def typed(dashboard: dict[str, object]) -> str:
    """The dashboard as TypeScript: each panel a constant of its kind's type, and the rest."""
    panels = dashboard.pop("panels")
    assert isinstance(panels, list)
    lines = [f'import type {{ Page, {", ".join(sorted(KINDS.values()))} }} from "./grafana";']
    lines += [
        f"export const panel{panel['id']}: {KINDS[panel['type']]} = {json.dumps(panel)};" for panel in panels
    ]
    lines.append(f"export const page: Page = {json.dumps({**dashboard, 'panels': []})};")
    return "\n".join(lines)


def test_grafana_s_types_hold_every_dashboard(compiler: Path, tmp_path: Path) -> None:
    assert judged(compiler, tmp_path, dict(grafana_dashboards(builtin()))) == ""


@pytest.mark.parametrize(
    ("ours", "wrong", "complaint"),
    [
        pytest.param(
            '"justifyMode"', '"justify"', "'\"justify\"' does not exist", id="an option nobody knows"
        ),
        pytest.param(
            '"repeatDirection": "h"', '"repeatDirection": "x"', '"x"', id="a value of a panel's own"
        ),
        pytest.param('"graphTooltip": 2', '"graphTooltip": 7', "7", id="a number that means nothing"),
    ],
)
def test_what_grafana_doesn_t_know_is_found(
    compiler: Path, tmp_path: Path, ours: str, wrong: str, complaint: str
) -> None:
    """A judge that finds nothing may be one that looks at nothing."""
    content = grafana_dashboards(builtin())["overview.json"]
    assert ours in content
    found = judged(compiler, tmp_path, {"overview.json": content.replace(ours, wrong)})
    assert "error TS" in found
    assert complaint in found
