"""Managed Prometheus' resources, typed: the fields of their CRDs that are used here, and no others.

Source: github.com/GoogleCloudPlatform/prometheus-engine, doc/api.md (v0.13).
"""

from typing import Literal, NotRequired, TypedDict

import pulumi

Text = pulumi.Input[str]


class SecretKey(TypedDict):
    """A key of a Secret in the same namespace."""

    name: Text
    key: str


class Credentials(TypedDict):
    """Where they are."""

    secret: SecretKey


class Authorization(TypedDict):
    """What is sent with each scrape."""

    type: Literal["Bearer"]
    credentials: Credentials


class Relabeling(TypedDict):
    """A change of labels, or with `keep` a choice of series.

    `project_id`, `location`, `cluster`, `namespace`, `job` and `instance` can't be changed.
    """

    action: Literal["keep", "replace"]
    sourceLabels: NotRequired[list[str]]
    regex: NotRequired[str]
    targetLabel: NotRequired[str]
    replacement: NotRequired[str]


class Endpoint(TypedDict):
    """A page of metrics; no two of one port in one PodMonitoring."""

    port: str
    path: str
    interval: str
    timeout: str
    params: NotRequired[dict[str, list[Text]]]
    authorization: NotRequired[Authorization]
    metricRelabeling: NotRequired[list[Relabeling]]


class Selector(TypedDict):
    """Pods by their labels."""

    matchLabels: dict[str, str]


class TargetLabels(TypedDict):
    """What series say of the pod."""

    metadata: list[Literal["pod", "container"]]


class PodMonitoringSpec(TypedDict):
    """A PodMonitoring; its name is the series' `job`."""

    selector: Selector
    endpoints: list[Endpoint]
    targetLabels: TargetLabels


class RulesSpec(TypedDict):
    """Rules: only series of their own namespace are read."""

    groups: list[dict[str, object]]
