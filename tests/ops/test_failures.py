"""What is said when the engine fails."""

import pytest

from ops import failures


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("error: incorrect passphrase", "PULUMI_CONFIG_PASSPHRASE"),
        ("error: the stack is currently locked by 1 lock(s). Either wait", "cancel --yes"),
        ("error: [409] Conflict: Another update is currently in progress.", "cancel --yes"),
        ("error: write /x: no space left on device", "Free some space"),
        ("error: could not load plugin for kubernetes provider", "make doctor"),
        ("error: invalid access token", "pulumi login"),
        (
            'resource "urn:a::b" was not successfully created by the Kubernetes API server: '
            'namespaces "kotaemon" already exists\n\nThe resource already exists in the cluster.',
            "kubectl delete namespace kotaemon",
        ),
        (
            'resource "urn:a::b" was not successfully created by the Kubernetes API server: '
            'services "qdrant" already exists',
            "kotaemon:namespace: {name: …} in Pulumi.local.yaml",
        ),
    ],
)
def test_what_is_known_is_told_with_its_remedy(text: str, expected: str) -> None:
    known = failures.recognise(text, "local")
    assert known
    assert expected in known.remedy


def test_what_is_not_known_is_told_in_the_engines_words() -> None:
    assert failures.recognise("error: something new", "local") is None
    text = (
        "code: 255\nstdout: \nstderr: error: something new\nerror: something new\nUsage:\n  pulumi up [flags]"
    )
    assert failures.last_words(text) == "something new"
    assert failures.last_words("a\nb\nc\nd") == "b\nc\nd"


def test_an_exception_of_the_program_is_its_place_and_its_last_line() -> None:
    message = """python inline source runtime error: name 'x' is not defined
Traceback (most recent call last):
  File "/v/site-packages/pulumi/runtime/stack.py", line 1, in run
  File "/p/ops/stack.py", line 103, in run
  File "<frozen runpy>", line 88, in _run_code
  File "/p/components/platform.py", line 16, in <module>
    x
NameError: name 'x' is not defined
"""
    found = failures.of_program(message)
    assert found
    assert (
        found.splitlines()[0]
        == "The program failed at /p/components/platform.py:16: NameError: name 'x' is not defined"
    )
    assert failures.of_program("Pulumi.local.yaml has 2 problems") is None
