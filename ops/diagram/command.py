"""`make diagram`: the pictures in docs/architecture, one for each stack."""

from collections.abc import Callable

from ops.paths import Project
from ops.recording import record

from .drawing import draw
from .layout import lay_out
from .reading import read

FOLDER = "docs/architecture"


def picture(project: Project, stack: str) -> str:
    """A stack's picture as SVG. Raises OpsError where its configuration is wrong."""
    return draw(lay_out(read(record(project, stack).graph, stack)))


def diagram(project: Project, stack: str | None, say: Callable[[str], object]) -> None:
    """Write the picture of a stack, or of every stack that has a file. Raises OpsError as `picture` does."""
    folder = project.root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for one in project.stacks() if stack is None else [stack]:
        drawn, path = picture(project, one), folder / f"{one}.svg"
        path.write_text(drawn, encoding="utf-8")
        say(f"{FOLDER}/{path.name}")
