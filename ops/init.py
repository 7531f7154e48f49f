"""`make init STACK=prod`: ask for what a stack's file lacks, and write it there."""

import os
import re
import shlex
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import yaml

from ops.clusters import LOCAL_STACK
from ops.errors import OpsError
from ops.gcloud import active_member
from ops.paths import Project
from ops.questions import NOBODY, Given, Question, questions_of, section
from ops.stack_settings import settings_of
from ops.yaml_edit import with_value, without_keys

Say = Callable[[str], object]
Ask = Callable[[str], str]

_STACK_NAME = r"[A-Za-z0-9_-]{1,100}"


def init(project: Project, stack: str, given: Given, source: str | None, ask: Ask | None, say: Say) -> None:
    """Complete `Pulumi.STACK.yaml`, a copy of another stack's where there is none.

    `ask` is None where nobody can answer. Raises OpsError, and writes nothing, where a value is missing or refused.
    """
    if stack == LOCAL_STACK or not re.fullmatch(_STACK_NAME, stack):
        raise OpsError(
            f"Which stack? {stack} takes no project or domain.", "For example: make init STACK=prod"
        )
    file, new = project.stack_file(stack), not project.stack_file(stack).exists()
    text, told = _copied(project, stack, source) if new else (_read(file), [])
    config = _config(text)
    questions = questions_of(config, new=new)
    _refuse_pointless(given, questions, stack)
    before, said = text, []
    text = _taken(text, given, questions, stack, source, project.root, alone=ask is None)
    for line in told:
        say(line)
    for question in questions:
        answer = given.of(question)
        if answer is None and question.lacking and ask is not None and (question.required or not given):
            text, answer = _asked(question, text, stack, project.root, ask, say)
        if answer:
            said.append(f"  {question.key} = {answer}")
        elif question.several and question.lacking:
            said.append(f"  {question.key}: nobody may enter yet (make init STACK={stack} {question.flag}=…)")
    text, zones = _moved(text, config)
    said += [f"  kotaemon:cluster.zones = {', '.join(zones)} (those of the region)"] if zones else []
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


def _taken(
    text: str,
    given: Given,
    questions: list[Question],
    stack: str,
    source: str | None,
    root: Path,
    *,
    alone: bool,
) -> str:
    """`text` with what the command line says.

    Raises OpsError with all that is refused of it; where nobody can be asked (`alone`), with all that is missing.
    """
    refused = []
    for question in questions:
        if (answer := given.of(question)) is not None:
            edited = _set(question, answer, text)
            if problem := _problem(question, edited, stack, root):
                refused.append(f"{question.flag}: {problem}")
            else:
                text = edited
    if refused:
        raise OpsError("\n  ".join(refused), "Nothing was written")
    missing = [one for one in questions if alone and one.required and given.of(one) is None]
    if missing:
        typed = [f"FROM={source}"] if source else []
        typed += [
            f"{name.upper()}={shlex.quote(value)}" for name, value in vars(given).items() if value is not None
        ]
        raise OpsError(
            f"{' and '.join(one.key for one in missing)} {'is' if len(missing) == 1 else 'are'} missing, and nobody "
            "can be asked here. Nothing was written.",
            " ".join([f"make init STACK={stack}", *typed, *(f"{one.flag}=…" for one in missing)]),
        )
    return text


def _moved(text: str, before: Mapping[str, object]) -> tuple[str, list[str]]:
    """`text` with zones of its region in the place of those of the region `before`; and which, if there were any."""
    from components.config.regions import ZONES, region_of

    region = str(section(_config(text), "google").get("region", ""))
    zones = section(before, "cluster").get("zones")
    if region not in ZONES or not isinstance(zones, list) or not zones:
        return text, []
    if {region_of(str(zone)) for zone in zones} != {section(before, "google").get("region")} - {region}:
        return text, []
    same = [zone for zone in ZONES[region] if zone[-1] in {str(old)[-1] for old in zones}]
    moved = [*same, *(zone for zone in ZONES[region] if zone not in same)][: len(zones)]
    return with_value(text, ("config", "kotaemon:cluster", "zones"), moved), moved


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
        if answer == NOBODY and not question.required:
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


def _copied(project: Project, stack: str, source: str | None) -> tuple[str, list[str]]:
    """Another stack's file without its secrets, which are encrypted for that stack alone; and what to say of it."""
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
    lost = [
        f"  without its secret {key}: make pulumi STACK={stack} ARGS='config set --secret {key.split(':')[-1]}'"
        for key in secrets
    ]
    return text, [f"{project.stack_file(stack).name} is new: a copy of {file.name}.", *lost]


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
