"""Turn what the engine says when it fails into one clear line with its remedy."""

import re
from typing import TYPE_CHECKING

from ops.errors import OpsError

if TYPE_CHECKING:
    from pulumi import automation as auto


class EngineError(OpsError):
    """The engine failed for a reason that its own events or output tell."""


def explain(error: "auto.CommandError", stack: str) -> OpsError:
    """An error to show: our words for what is known, else the engine's own last ones."""
    known = recognise(str(error), stack)
    return known or EngineError(last_words(str(error)))


def recognise(text: str, stack: str) -> OpsError | None:
    """What is known of an engine's output; None where it is nothing that we have words for."""
    if "incorrect passphrase" in text:
        return OpsError(
            f"The passphrase doesn't unlock stack {stack}'s secrets.",
            "Set PULUMI_CONFIG_PASSPHRASE (or PULUMI_CONFIG_PASSPHRASE_FILE) to the one they were set with",
        )
    if "the stack is currently locked" in text or "Another update is currently in progress" in text:
        return OpsError(
            f"Stack {stack} is locked: another run is going on.",
            f"Wait for it to end. If it is gone: make pulumi STACK={stack} ARGS='cancel --yes'",
        )
    if "no space left on device" in text.lower():
        return OpsError("The disk is full.", "Free some space; `make doctor` shows how much is needed")
    if (
        "could not load plugin" in text
        or "no resource plugin" in text
        or "Could not automatically download" in text
    ):
        return OpsError(
            "A provider plugin is neither installed nor could it be downloaded: " + last_words(text),
            "With the internet there: make pulumi ARGS='plugin install'. On a closed network: make doctor",
        )
    if "invalid access token" in text or "PULUMI_ACCESS_TOKEN must be set" in text:
        return OpsError("The backend refuses this login.", "pulumi login (or unset PULUMI_BACKEND_URL)")
    if found := dict.fromkeys(_EXISTS.findall(text)):
        return _there_already(list(found), stack)
    return None


_EXISTS = re.compile(r'not successfully created by the Kubernetes API server: (\S+ "\S+") already exists')


def _there_already(found: list[str], stack: str) -> OpsError:
    namespace = next((one.split('"')[1] for one in found if one.startswith("namespaces ")), None)
    return OpsError(
        f"On the cluster already, and not made by this stack: {', '.join(found)}. It was left as it is.",
        f"If somebody uses it, take another name: kotaemon:namespace: {{name: …}} in Pulumi.{stack}.yaml. If nobody "
        f"does: {f'kubectl delete namespace {namespace} (and all in it)' if namespace else 'delete it'}, "
        "then the same command again",
    )


def last_words(text: str) -> str:
    """The engine's error lines without its usage text; the last lines where it marks none."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    marked = [line.removeprefix("error:").strip() for line in lines if line.startswith("error:")]
    return "\n".join(dict.fromkeys(marked)) or "\n".join(lines[-3:])


def of_program(message: str) -> str | None:
    """One line for an exception in the program instead of its traceback; None where the message holds none."""
    if "python inline source runtime error:" not in message:
        return None
    what = message.partition("python inline source runtime error:")[2].strip().splitlines()[0]
    places = [line.strip() for line in message.splitlines() if line.strip().startswith('File "')]
    ours = [
        line
        for line in places
        if "site-packages" not in line and "<frozen" not in line and "/ops/" not in line
    ]
    where = ours[-1].replace('File "', "").replace('", line ', ":").split(",")[0] if ours else "the program"
    last = [line for line in message.strip().splitlines() if line and not line.startswith(" ")][-1]
    return f"The program failed at {where}: {last if what in last else what}\n  All of it: KOTAEMON_DEBUG=1"
