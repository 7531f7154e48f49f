"""Reading the stack's file through Pulumi."""

from typing import Any

import pulumi
import pytest

from components.config import ConfigError, SecretName, load
from tests.config_rows import SECRET
from tests.test_config import keys_of


class _Nothing(pulumi.runtime.Mocks):
    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        raise AssertionError(f"{args.name} was registered")

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], None]:
        raise AssertionError(f"{args.token} was called")


def test_nothing_is_registered_when_the_configuration_is_wrong() -> None:
    """`up` of a broken file must leave the stack as it is."""
    pulumi.runtime.set_mocks(_Nothing(), project="kotaemon", stack="dev")
    pulumi.runtime.set_all_config(
        {"kotaemon:app": '{"replicas": 2}', "kotaemon:openaiApiKey": SECRET}, secret_keys=[]
    )
    try:
        with pytest.raises(ConfigError) as caught:
            load()
    finally:
        pulumi.runtime.set_all_config({})
    assert keys_of(caught.value) == ["app.storage.accessMode", "openaiApiKey", "docstore.kind"]
    assert isinstance(caught.value, pulumi.RunError), "any other error is printed with a traceback"


def test_load_reads_settings_secrets_and_the_cluster() -> None:
    pulumi.runtime.set_mocks(_Nothing(), project="kotaemon", stack="dev")
    pulumi.runtime.set_all_config(
        {
            "kotaemon:production": "true",
            "kotaemon:openaiApiKey": SECRET,
            "kubernetes:context": "minikube",
            "aws:region": "eu-west-1",
        },
        secret_keys=["kotaemon:openaiApiKey"],
    )
    try:
        config = load()
    finally:
        pulumi.runtime.set_all_config({})
    assert (config.stack, config.context, config.kubeconfig) == ("dev", "minikube", None)
    assert config.settings.production
    assert set(config.supplied) == {SecretName.OPENAI}
    assert config.settings.models.openai is not None


def test_keys_of_the_google_provider_are_refused() -> None:
    """They would be read by nothing: a project that somebody set there is not the one that is used."""
    pulumi.runtime.set_mocks(_Nothing(), project="kotaemon", stack="dev")
    pulumi.runtime.set_all_config(
        {"gcp:project": "my-project", "gcp:credentials": SECRET, "kotaemon:production": "false"},
        secret_keys=["gcp:credentials"],
    )
    try:
        with pytest.raises(ConfigError) as caught:
            load()
    finally:
        pulumi.runtime.set_all_config({})
    assert keys_of(caught.value) == ["gcp:credentials", "gcp:project"]
    assert [problem.remedy for problem in caught.value.problems] == [
        "pulumi config rm gcp:credentials",
        "pulumi config rm gcp:project",
    ]
    assert "kotaemon:google says project and region" in str(caught.value)
    assert SECRET not in str(caught.value)
