"""promtool: of Debian's Prometheus 2.42, the oldest that the rules must work on, and of the image's version."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
import yaml

from components.monitoring.definition import Definition
from components.monitoring.rules.render import rule_groups
from components.signals.model import span
from sandbox import build, debian
from sandbox.errors import SandboxError

from .series import EVERY, Series

LABELS = ("alertname", "component", "pod", "container", "persistentvolumeclaim", "probe", "job", "node")
"""By which alerts are told apart here."""
FIRING = f'max by ({", ".join(LABELS)}) (ALERTS{{alertstate="firing",alertname!="Watchdog"}})'


@cache
def promtool() -> Path:
    """The program; skips where it can't be had."""
    try:
        return debian.program("promtool")
    except SandboxError as error:
        pytest.skip(str(error))


@cache
def newest() -> Path:
    """The program of the version that a stack runs; built at the first time."""
    return build.ensure(["promtool"])["promtool"]


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What an expression must give at a moment; labels as promtool writes them."""

    expr: str
    at: timedelta
    samples: Sequence[tuple[Mapping[str, str], float]]


def check(folder: Path, text: str) -> str:
    """What `promtool check rules` says; fails where it doesn't accept them."""
    file = folder / "rules.yml"
    file.write_text(text, encoding="utf-8")
    done = subprocess.run([promtool(), "check", "rules", str(file)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def run(
    folder: Path,
    definition: Definition,
    tests: Sequence[tuple[Series, Sequence[Expected]]],
    *,
    groups: Sequence[str] | None = None,
    program: Path | None = None,
) -> None:
    """`promtool test rules` with the definition's rules, or only some groups of them; fails with what it got."""
    chosen = [group for group in rule_groups(definition) if groups is None or str(group["name"]) in groups]
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": chosen}), encoding="utf-8")
    file = folder / "test.yml"
    content = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": span(EVERY),
        "tests": [_test(series, expected) for series, expected in tests],
    }
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    done = subprocess.run(
        [promtool(), "test", "rules", file.name], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _test(series: Series, expected: Sequence[Expected]) -> dict[str, object]:
    return {
        "interval": span(EVERY),
        "input_series": [{"series": name, "values": str(values)} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": one.expr,
                "eval_time": span(one.at),
                "exp_samples": [
                    {"labels": _written(labels), "value": value} for labels, value in one.samples
                ],
            }
            for one in expected
        ],
    }


def _written(labels: Mapping[str, str]) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"
