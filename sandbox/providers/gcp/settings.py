"""The provider's own configuration: what resources get where they don't say it themselves."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.providers.base import Failure
from sandbox.providers.wire import Properties, Secret, Unknown, Value

_PREFIX = "gcp:config:"
# Where the official plugin looks next.
_VARIABLES = {
    "project": ("GOOGLE_PROJECT", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"),
    "region": ("GOOGLE_REGION", "GCLOUD_REGION", "CLOUDSDK_COMPUTE_REGION"),
    "zone": ("GOOGLE_ZONE", "GCLOUD_ZONE", "CLOUDSDK_COMPUTE_ZONE"),
}
_ATTRIBUTION = "goog-pulumi-provisioned"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the provider was configured with; nothing of it is needed for a preview."""

    places: Mapping[str, str] = field(default_factory=dict)
    """Project, region and zone, as far as they are set."""
    labels: Mapping[str, str] = field(default_factory=dict)
    attribution: bool = True
    """Whether new resources get a label that says who made them."""


def read(variables: Mapping[str, str], environment: Mapping[str, str] = os.environ) -> Settings:
    """Take the settings from the engine's variables, and from the environment what isn't in them."""
    values = {key.removeprefix(_PREFIX): value for key, value in variables.items()}
    places = {
        place: values.get(place) or next((environment[name] for name in names if environment.get(name)), "")
        for place, names in _VARIABLES.items()
    }
    try:
        labels = json.loads(values.get("defaultLabels") or "{}")
    except json.JSONDecodeError as error:
        raise Failure(f"gcp:defaultLabels must be a JSON object: {error}") from None
    if not isinstance(labels, dict):
        raise Failure("gcp:defaultLabels must be a JSON object")
    return Settings(
        places={place: value for place, value in places.items() if value},
        labels={str(key): str(value) for key, value in labels.items()},
        attribution=values.get("addPulumiAttributionLabel", "true") != "false",
    )


def effective_labels(own: Value, settings: Settings, before: Properties | None) -> Value:
    """The labels that a resource gets: its own and the provider's. `before` are those that it has."""
    secret = isinstance(own, Secret)
    own = own.value if isinstance(own, Secret) else own
    if isinstance(own, Unknown):
        return own
    attributed = settings.attribution if before is None else _ATTRIBUTION in before
    labels: Properties = {
        **settings.labels,
        **({_ATTRIBUTION: "true"} if attributed else {}),
        **(own if isinstance(own, dict) else {}),
    }
    return Secret(labels) if secret else labels
