"""`make init STACK=prod`: ask for what a stack's file lacks, and write it there."""

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from ops.clusters import LOCAL_STACK
from ops.errors import OpsError
from ops.gcloud import active_member
from ops.paths import Project
from ops.placeholders import EXAMPLES
from ops.stack_settings import settings_of
from ops.yaml_edit import Value, with_value, without_keys

Say = Callable[[str], object]
Ask = Callable[[str], str]

_NOBODY = "-"
"""What to answer where nothing is an answer, and Enter takes what is proposed."""

_STACK_NAME = r"[A-Za-z0-9_-]{1,100}"


@dataclass(frozen=True, kw_only=True)
class Given:
    """What the command line says; None where it says nothing."""

    project: str | None = None
    domain: str | None = None
    members: str | None = None
    """Separated by commas or spaces; an empty text is nobody."""
    region: str | None = None
    zone: str | None = None

    def __bool__(self) -> bool:
        return any(value is not None for value in vars(self).values())


@dataclass(frozen=True, kw_only=True)
class Question:
    """One value that a stack's file may lack."""

    flag: str
    path: tuple[str, str] | tuple[str, str, str]
    text: str
    lacking: bool
    """Whether the file has nothing of one's own there."""
    required: bool = False
    """Whether nothing can go on without."""
    several: bool = False
    proposed: str = ""

    @property
    def key(self) -> str:
        """The key as messages name it."""
        return ".".join(self.path)

    def value(self, answer: str) -> Value:
        """An answer as it stands in the file."""
        return (
            re.split(r"[\s,]+", answer.strip(" ,")) if self.several and answer.strip(" ,") else answer.strip()
        )


def init(project: Project, stack: str, given: Given, source: str | None, ask: Ask | None, say: Say) -> None:
    """Complete `Pulumi.STACK.yaml`, a copy of another stack's where there is none.

    `ask` is None where nobody can answer. Raises OpsError, and writes nothing, where a value is missing or refused.
    """
    if stack == LOCAL_STACK or not re.fullmatch(_STACK_NAME, stack):
        raise OpsError(
            f"Which stack? {stack} takes no project or domain.", "For example: make init STACK=prod"
        )
    file, new = project.stack_file(stack), not project.stack_file(stack).exists()
    text = _copied(project, stack, source, say) if new else _read(file)
    config = _config(text)
    questions = _questions(config, new=new)
    _refuse_pointless(given, questions, stack)
    before, said = text, []
    for question in questions:
        answer = getattr(given, question.flag.lower())
        if answer is not None:
            text = _set(question, answer, text)
            if problem := _problem(question, text, stack, project.root):
                raise OpsError(f"{question.flag}: {problem}", "Nothing was written")
        elif question.required and ask is None:
            raise OpsError(
                f"{question.key} is missing, and nobody can be asked here.",
                f"make init STACK={stack} {question.flag}=…",
            )
        elif question.lacking and ask is not None and (question.required or not given):
            text, answer = _asked(question, text, stack, project.root, ask, say)
        if answer:
            said.append(f"  {question.key} = {answer}")
        elif question.several and question.lacking:
            said.append(f"  {question.key}: nobody may enter yet (make init STACK={stack} {question.flag}=…)")
    if text == before and not new:
        say(f"{file.name} is as it was.")
    else:
        _write(file, text)
        say(f"{'Wrote' if new else 'Completed'} {file.name}:")
    for line in said:
        say(line)
    if left := _problems(text, stack, project.root):
        say("Still wrong in it, with what to type in `make preview`:")
        for key, _, why in left:
            say(f"  {key} {why}")
    say(f"Next: make doctor STACK={stack}, make preview STACK={stack}, make up STACK={stack}")


def _questions(config: Mapping[str, object], *, new: bool) -> list[Question]:
    """What this stack's kinds of cluster and front door take; the file lacks what is an example, or not there."""
    google, edge = _section(config, "google"), _section(config, "edge")
    found = []
    if google or str(_section(config, "cluster").get("kind", "")).startswith("gke"):
        project, region = _own(google, "google", "project"), str(google.get("region", ""))
        fresh = new or not project
        found += [
            Question(
                flag="PROJECT", path=("kotaemon:google", "project"), lacking=fresh, required=not project,
                text="Google Cloud project (its id)", proposed=project,
            ),
            Question(
                flag="REGION", path=("kotaemon:google", "region"), lacking=fresh or not region,
                required=not region, text="Region, for good", proposed=region or "europe-west4",
            ),
        ]  # fmt: skip
    if edge.get("kind") in ("google", "gateway"):
        domain = "" if new else _own(edge, "edge", "domain")
        found.append(
            Question(
                flag="DOMAIN", path=("kotaemon:edge", "domain"), lacking=not domain, required=not domain,
                text="Domain under which people reach it", proposed=domain,
            )
        )  # fmt: skip
    if edge.get("kind") == "google":
        found += _of_googles_door(edge, fresh=not domain)
    return found


def _of_googles_door(edge: Mapping[str, object], *, fresh: bool) -> Iterator[Question]:
    dns, auth = _mapping(edge.get("dns")), _mapping(edge.get("auth"))
    zone = str(dns.get("zone", ""))
    yield Question(
        flag="ZONE", path=("kotaemon:edge", "dns", "zone"), lacking=fresh, proposed=zone,
        text="Cloud DNS zone for its record, by name (nothing: you set the record)",
    )  # fmt: skip
    if auth.get("kind", "iap") == "iap":
        members = auth.get("members")
        known = " ".join(map(str, members)) if isinstance(members, list) else ""
        yield Question(
            flag="MEMBERS", path=("kotaemon:edge", "auth", "members"), lacking=not known, several=True,
            text=f"Who may enter: user:…, group:…, domain:… ({_NOBODY}: nobody yet)", proposed=known,
        )  # fmt: skip


def _asked(question: Question, text: str, stack: str, root: Path, ask: Ask, say: Say) -> tuple[str, str]:
    """Ask until the settings accept the answer; Enter takes what is proposed."""
    proposed = question.proposed
    if question.several and not proposed:
        proposed = active_member()
    while True:
        try:
            answer = ask(f"{question.text}{f' [{proposed}]' if proposed else ''}: ").strip() or proposed
        except EOFError:
            raise OpsError("Nothing was written.", f"make init STACK={stack} PROJECT=… DOMAIN=…") from None
        if answer == _NOBODY and not question.required:
            answer = ""
        if not answer and question.required:
            continue
        edited = _set(question, answer, text)
        if not (problem := _problem(question, edited, stack, root)):
            return edited, answer
        say(f"  {problem}")


def _set(question: Question, answer: str, text: str) -> str:
    value = question.value(answer)
    if not value and not question.several:
        return text
    return with_value(text, ("config", *question.path), value or [])


def _refuse_pointless(given: Given, questions: list[Question], stack: str) -> None:
    known = {question.flag for question in questions}
    for name, value in vars(given).items():
        if value is not None and name.upper() not in known:
            raise OpsError(
                f"{name.upper()} is for Google Cloud or a front door that stack {stack} hasn't got.",
                f"Its kinds are in Pulumi.{stack}.yaml: kotaemon:cluster, kotaemon:edge",
            )


def _problem(question: Question, text: str, stack: str, root: Path) -> str:
    """What the settings say of a value that was just set, if they refuse it."""
    for key, value, allowed in _problems(text, stack, root):
        if key == question.key or key.startswith(f"{question.key}["):
            return f"{'' if value is None else f'{value} '}{allowed}"
    return ""


def _problems(text: str, stack: str, root: Path) -> list[tuple[str, object, str]]:
    from components.config import ConfigError

    try:
        settings_of(_config(text), stack, root)
    except ConfigError as error:
        return [(problem.key, problem.value, problem.allowed) for problem in error.problems]
    return []


def _copied(project: Project, stack: str, source: str | None, say: Say) -> str:
    """Another stack's file without its secrets, which are encrypted for that stack alone."""
    source = source or "prod"
    file = project.stack_file(source)
    if not file.exists():
        raise OpsError(
            f"There is neither {project.stack_file(stack).name} nor {file.name} to copy.",
            f"FROM=NAME, one of: {', '.join(project.stacks())}",
        )
    text = _read(file)
    document = yaml.safe_load(text)
    secrets = [
        key for key, value in _config(text).items() if isinstance(value, Mapping) and "secure" in value
    ]
    text = without_keys(text, "config", secrets) if secrets else text
    own = [key for key in document if key not in ("config", "environment")]
    text = without_keys(text, None, own) if own else text
    say(f"{project.stack_file(stack).name} is new: a copy of {file.name}.")
    for key in secrets:
        say(
            f"  without its secret {key}: make pulumi STACK={stack} ARGS='config set --secret {key.split(':')[-1]}'"
        )
    return text


def _read(file: Path) -> str:
    with file.open(encoding="utf-8", newline="") as opened:
        return opened.read()


def _config(text: str) -> dict[str, object]:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise OpsError(f"The stack's file isn't YAML: {' '.join(str(error).split())}") from None
    config = document.get("config") if isinstance(document, dict) else None
    return config if isinstance(config, dict) else {}


def _section(config: Mapping[str, object], name: str) -> Mapping[str, object]:
    return _mapping(config.get(f"kotaemon:{name}"))


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _own(section: Mapping[str, object], name: str, key: str) -> str:
    """What stands there, if it isn't the example."""
    value = str(section.get(key, ""))
    return "" if value == EXAMPLES[f"kotaemon:{name}", key] else value


def _write(file: Path, text: str) -> None:
    """All of it or nothing, with the mode that the file has."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with draft.open("w", encoding="utf-8", newline="") as opened:
            opened.write(text)
        if file.exists():
            shutil.copymode(file, draft)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
