"""How programs come out of Debian's packages, with stand-ins for apt and dpkg, and once with the real ones."""

import subprocess
from pathlib import Path

import pytest

from sandbox import debian
from sandbox.errors import SandboxError

APT = """#!/bin/sh
echo "$@" >> "{calls}"
{does}
"""
DPKG = """#!/bin/sh
mkdir -p "$3/usr/bin" && echo program > "$3/usr/bin/promtool"
"""
DOWNLOADS = 'for last; do :; done; [ "$last" = update ] || echo archive > "$last"_1_amd64.deb'
LACKS_LISTS = (
    f"case \"$*\" in *Dir::State=*) {DOWNLOADS};; *) echo 'E: Unable to locate it' >&2; exit 100;; esac"
)


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache and an apt that works; the file lists what it was asked to do."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    install(tmp_path, monkeypatch, DOWNLOADS)
    return tmp_path / "calls"


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, does: str) -> None:
    programs = {"apt-get": APT.format(calls=folder / "calls", does=does), "dpkg-deb": DPKG}
    (folder / "bin").mkdir(exist_ok=True)
    for name, text in programs.items():
        (folder / "bin" / name).write_text(text)
        (folder / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}:/usr/bin:/bin")


def test_what_is_unpacked_is_not_downloaded_again(calls: Path) -> None:
    first = debian.program("promtool")
    assert debian.program("promtool") == first

    assert first.read_text() == "program\n"
    assert len(calls.read_text().splitlines()) == 1


def test_nothing_is_installed_on_the_machine(calls: Path, tmp_path: Path) -> None:
    """A package's installation starts its service; unpacking below the cache doesn't."""
    assert debian.program("promtool").is_relative_to(tmp_path / "cache")
    assert "install" not in calls.read_text()


def test_a_machine_without_lists_of_packages_gets_some_in_the_cache(
    calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Images of containers come without; the machine's own lists aren't ours to refresh."""
    install(tmp_path, monkeypatch, LACKS_LISTS)
    assert debian.program("promtool").exists()

    _, update, download = calls.read_text().splitlines()
    assert update.endswith(" update")
    assert download.endswith(" download prometheus")
    assert f"Dir::State={tmp_path / 'cache'}" in update
    assert f"Dir::State={tmp_path / 'cache'}" in download


def test_a_failed_download_says_apts_words_and_leaves_no_program(
    calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "echo 'E: no route' >&2; exit 100")
    with pytest.raises(SandboxError, match="prometheus can't be downloaded: E: no route"):
        debian.program("promtool")
    assert not list((tmp_path / "cache").rglob("promtool"))


def test_a_system_without_apt_is_a_reason_to_skip(
    calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxError, match=r"promtool comes out of Debian's package prometheus.*no apt-get"):
        debian.program("promtool")


def test_a_package_without_the_command_is_said_so(calls: Path) -> None:
    with pytest.raises(SandboxError, match="prometheus of this release has no /usr/bin/prometheus"):
        debian.program("prometheus")


@pytest.mark.sandbox
def test_every_program_runs_without_further_packages() -> None:
    """Nobody installs libraries for them."""
    for command in debian.PACKAGES:
        try:
            path = debian.program(command)
        except SandboxError as error:
            pytest.skip(str(error))
        done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        assert "version" in done.stdout + done.stderr
