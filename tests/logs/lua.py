"""What runs in Fluent Bit, in the LuaJIT that PyPI has."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from lupa.luajit21 import LuaRuntime

from components.logs.fluent_bit import scripts

_NOW = {"sec": 1795297645, "nsec": 123456789}
POD = "/var/log/pods/kotaemon_kotaemon-7d5f-abcde_3f0c8a52-9f6e-4c3a-8a53-0d5b3ad3c1a7/kotaemon/0.log"


def _runtime() -> LuaRuntime:
    return LuaRuntime()


class Lua:
    """The scripts, loaded as Fluent Bit loads them."""

    def __init__(self, folder: Path) -> None:
        for name, text in scripts().items():
            (folder / name).write_text(text, encoding="utf-8")
        self._lua = _runtime()
        self._run("dofile", str(folder / "logs.lua"))
        self._mask = self._run("dofile", str(folder / "mask.lua"))

    def _run(self, function: str, *arguments: object) -> Any:
        """What a global function of Lua's returns."""
        return cast("Callable[..., Any]", self._lua.eval(function))(*arguments)

    def masked(self, text: str) -> str:
        """`text` without secrets."""
        return cast("str", _first(self._mask.text(text)))

    def processed(self, record: Mapping[str, object]) -> dict[str, Any] | None:
        """What a record becomes; None where it is dropped."""
        given = self._lua.table_from({"_file": POD, "stream": "stderr", "_p": "F", **record}, recursive=True)
        code, _, made = self._run("process", "pods.x", self._lua.table_from(_NOW), given)
        return None if code == -1 else _plain(made)


def _first(value: object) -> object:
    return value[0] if isinstance(value, tuple) else value


def _plain(table: Any) -> dict[str, Any]:
    return {key: _plain(value) if hasattr(value, "items") else value for key, value in table.items()}
