"""The application's image, and the features that need a certain one."""

import re
from collections.abc import Iterator
from pathlib import Path

from components.config.app import PUBLISHED_IMAGE, Variant
from components.config.fields import is_floating
from components.config.problems import Problem, remove_command, secret_command, set_command

from .rule import Stack, problem

_LITERAL_KEY = re.compile(r"\bsk-[A-Za-z0-9_-]{4,}|^\s*api_key:\s*[^\s$#{].*$", re.MULTILINE)
_IN_THE_TAG = re.compile(r"-(lite|full|ollama)(?=@|$)")


def image(stack: Stack) -> Iterator[Problem]:
    """Production runs what was tested; a feature needs an image that holds it."""
    app = stack.settings.app
    published = app.image.repository == PUBLISHED_IMAGE
    if published and (variant := _IN_THE_TAG.search(app.image.tag)):
        yield problem(
            "app.image.tag",
            app.image.tag,
            f"must be without {variant[0]}: kotaemon:app.image.variant (now {app.image.variant}) is appended",
            set_command("app.image.tag", _version(_IN_THE_TAG.sub("", app.image.tag))),
            "app.image.repository",
        )
    elif stack.settings.production and is_floating(app.image.tag):
        yield problem(
            "app.image.tag",
            app.image.tag,
            "may change under a production stack; it must be a whole version (0.11.3) or carry a digest "
            "(@sha256:…)",
            set_command("app.image.tag", _version("")),
            "production",
        )
    if not published:
        return
    for path, on, what in (
        ("app.graphRag.light", app.graph_rag.light, "LightRAG"),
        ("app.multimodal.docling", app.multimodal.docling, "Docling"),
    ):
        if on and app.image.variant is not Variant.FULL:
            yield problem(
                path,
                on,
                f"needs the image that holds {what}: kotaemon:app.image.variant full",
                set_command("app.image.variant", "full"),
                "app.image.variant",
                "app.image.repository",
            )
    if app.graph_rag.nano:
        yield problem(
            "app.graphRag.nano",
            True,
            "needs an image of your own (kotaemon:app.image.repository): no published one holds nano-graphrag",
            set_command("app.graphRag.nano", False),
            "app.image.repository",
        )


def multimodal(stack: Stack) -> Iterator[Problem]:
    """Figures are shown to a model that sees."""
    azure = stack.settings.models.azure_openai
    if stack.settings.app.multimodal.enabled and (azure is None or azure.vision_deployment is None):
        yield problem(
            "app.multimodal.enabled",
            True,
            "needs a model that sees: kotaemon:models.azureOpenai with a visionDeployment",
            set_command("app.multimodal.enabled", False)
            if azure is None
            else set_command("models.azureOpenai.visionDeployment", "gpt-4o"),
            "models.azureOpenai",
        )


def graph_settings_file(stack: Stack) -> Iterator[Problem]:
    """The file of Microsoft GraphRAG is in the project, is read, and holds no key."""
    graph = stack.settings.app.graph_rag
    if graph.global_search and not graph.enabled:
        yield problem(
            "app.graphRag.globalSearch",
            True,
            "is about GraphRAG indices, and none is on: microsoft, nano or light",
            set_command("app.graphRag.globalSearch", False),
            "app.graphRag.microsoft",
            "app.graphRag.nano",
            "app.graphRag.light",
        )
    if graph.settings_file is None:
        return
    path = "app.graphRag.settingsFile"
    if not graph.microsoft:
        yield problem(
            path,
            graph.settings_file,
            "is read by Microsoft GraphRAG alone, which is off (kotaemon:app.graphRag.microsoft)",
            remove_command(path),
            "app.graphRag.microsoft",
        )
        return
    if refusal := _refusal(stack.root, graph.settings_file):
        allowed, remedy = refusal
        yield problem(path, graph.settings_file, allowed, remedy)


def _refusal(root: Path, name: str) -> tuple[str, str] | None:
    remedy = remove_command("app.graphRag.settingsFile")
    file = (root / name).resolve()
    if not file.is_relative_to(root.resolve()):
        return "must be a file inside the project: what is outside isn't there for the next person", remedy
    if not file.is_file():
        return "must be a file of the project; there is none of that name", remedy
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return "must be a YAML file in UTF-8", remedy
    if _LITERAL_KEY.search(text):
        return (
            "holds a key in plain text; it must say ${GRAPHRAG_API_KEY}, and the key be a secret",
            secret_command("graphragApiKey"),
        )
    return None


def _version(tag: str) -> str:
    """`tag` if it stays what it is, else the version that this program was made for."""
    return tag if tag and not is_floating(tag) else "0.11.3"
