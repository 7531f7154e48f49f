"""The pure-Python PostgreSQL driver as a zip for the container's PYTHONPATH: no image holds one.

It is made from the packages that the project's own lock file pins, so that the program needs neither network
nor pip. It is the same bytes on every machine with the usual zlib: files that the packages' RECORD lists and
vouches for, sorted and undated. (With zlib-ng it works as well, but its bytes differ, and the pods would roll;
without compression it is too large.) What the driver needs besides, python-dateutil, is in Kotaemon's image.
"""

import base64
import functools
import hashlib
import io
import zipfile
from importlib.metadata import Distribution, PackageNotFoundError, PackagePath, distribution

PINS = {
    # 1.31.6 requires a scramp that isn't published.
    "pg8000": "1.31.5",
    "scramp": "1.4.17",
    "asn1crypto": "1.5.1",
}
MAX_BYTES = 700_000  # as base64: an object holds 1 MiB, and the modules share it


def _wanted(path: PackagePath) -> bool:
    """Modules, licences, and METADATA: pg8000 and scramp read their own version from it at import."""
    return path.suffix == ".py" or path.name == "METADATA" or path.name.startswith("LICENSE")


def _content(path: PackagePath, package: str) -> bytes:
    data = path.read_binary()
    if path.hash is None:
        raise RuntimeError(f"{package}: RECORD has no hash of {path}; reinstall it")
    digest = base64.urlsafe_b64encode(hashlib.new(path.hash.mode, data).digest()).rstrip(b"=").decode()
    if digest != path.hash.value:
        raise RuntimeError(f"{package}: {path} isn't the file that was installed; reinstall it")
    return data


def _installed(package: str, version: str) -> Distribution:
    try:
        found = distribution(package)
    except PackageNotFoundError:
        raise RuntimeError(f"{package} {version} isn't installed: run the program with `uv run`") from None
    if found.version != version:
        raise RuntimeError(
            f"{package} is {found.version}, but the tested driver has {version}: run `uv sync`"
        )
    return found


@functools.cache
def driver_zip() -> bytes:
    """The zip. RuntimeError: a package is missing, of another version, or changed."""
    members: dict[str, bytes] = {}
    for package, version in PINS.items():
        for path in _installed(package, version).files or ():
            if _wanted(path) and ".." not in path.parts:
                members[path.as_posix()] = _content(path, package)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.external_attr = 0o644 << 16
            info.create_system = 3
            archive.writestr(info, members[name], zipfile.ZIP_DEFLATED, compresslevel=9)
    data = buffer.getvalue()
    if len(base64.b64encode(data)) > MAX_BYTES:
        raise RuntimeError(f"the driver has {len(data)} bytes: too many for a ConfigMap")
    return data
