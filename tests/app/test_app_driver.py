"""The driver's zip in a bare interpreter, and the mounted files' Python version."""

import ast
import importlib.metadata
import importlib.util
import io
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from conftest import FILES, PASSWORD, Certificates


@pytest.fixture(scope="module")
def pgdriver() -> ModuleType:
    """Without its package, which needs Pulumi."""
    spec = importlib.util.spec_from_file_location("pgdriver", FILES.parent / "pgdriver.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_zip_alone_logs_in_over_verified_tls(
    pgdriver: ModuleType, tls_server: Any, certificates: Certificates, tmp_path: Path
) -> None:
    """In an interpreter with no packages but dateutil and six, which the image holds."""
    archive = tmp_path / "pgdriver.zip"
    archive.write_bytes(pgdriver.driver_zip())
    for package in ("dateutil", "six"):
        origin = Path(importlib.util.find_spec(package).origin)  # type: ignore[union-attr,arg-type]
        if origin.name == "__init__.py":
            shutil.copytree(origin.parent, tmp_path / package)
        else:
            shutil.copy(origin, tmp_path)
    code = f"""
import ssl, sys
sys.path[:0] = [{str(archive)!r}, {str(tmp_path)!r}]
import pg8000.dbapi
assert pg8000.__file__.startswith({str(archive)!r}) and pg8000.__version__ == "1.31.5"
db = pg8000.dbapi.connect("kotaemon", "localhost", "settings", {tls_server.port}, {PASSWORD!r},
                          ssl_context=ssl.create_default_context(cafile={str(certificates.ca)!r}))
cursor = db.cursor()
cursor.execute("SELECT current_user")
print(cursor.fetchone()[0])
"""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "kotaemon", done.stderr


def test_the_zip_is_the_same_each_time_and_small(pgdriver: ModuleType) -> None:
    """Else each `pulumi up` would roll the pods; a ConfigMap holds 1 MiB."""
    first = pgdriver.driver_zip()
    pgdriver.driver_zip.cache_clear()
    assert pgdriver.driver_zip() == first
    assert len(first) < 200_000


def test_the_zip_holds_the_licences_and_no_test_or_byte_code(pgdriver: ModuleType) -> None:
    names = zipfile.ZipFile(io.BytesIO(pgdriver.driver_zip())).namelist()
    assert sum("LICENSE" in name for name in names) == 3
    assert sum(name.endswith("METADATA") for name in names) == 3
    assert all(name.endswith((".py", "METADATA", "LICENSE")) for name in names)


def test_another_version_is_a_clear_error(pgdriver: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(pgdriver.PINS, "scramp", "9.9.9")
    pgdriver.driver_zip.cache_clear()
    with pytest.raises(
        RuntimeError, match=r"scramp is 1\.4\.17, but the tested driver has 9\.9\.9: run `uv sync`"
    ):
        pgdriver.driver_zip()
    pgdriver.driver_zip.cache_clear()


def test_a_changed_file_is_a_clear_error(pgdriver: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata.PackagePath, "read_binary", lambda self: b"import os")
    pgdriver.driver_zip.cache_clear()
    with pytest.raises(RuntimeError, match="isn't the file that was installed; reinstall it"):
        pgdriver.driver_zip()
    pgdriver.driver_zip.cache_clear()


@pytest.mark.parametrize("path", sorted(FILES.glob("*.py")), ids=lambda path: path.name)
def test_the_mounted_files_are_python_3_10(path: Path) -> None:
    """The image's Python."""
    ast.parse(path.read_text(encoding="utf-8"), path.name, feature_version=(3, 10))
