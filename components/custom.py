"""Custom resources, and the API version of each kind. The SDK has no classes for them: each spec is a TypedDict."""

from collections.abc import Mapping

import pulumi
import pulumi_kubernetes as k8s
from pulumi_kubernetes import meta

VERSIONS = {
    "Gateway": "gateway.networking.k8s.io/v1",
    "GatewayClass": "gateway.networking.k8s.io/v1",
    "HTTPRoute": "gateway.networking.k8s.io/v1",
    "GCPBackendPolicy": "networking.gke.io/v1",
    "HealthCheckPolicy": "networking.gke.io/v1",
    "GCPGatewayPolicy": "networking.gke.io/v1",
    "Issuer": "cert-manager.io/v1",
    "Certificate": "cert-manager.io/v1",
    "BackendTrafficPolicy": "gateway.envoyproxy.io/v1alpha1",
    "EnvoyProxy": "gateway.envoyproxy.io/v1alpha1",
    "ClientTrafficPolicy": "gateway.envoyproxy.io/v1alpha1",
    "PodMonitor": "monitoring.coreos.com/v1",
    "Probe": "monitoring.coreos.com/v1",
    "PrometheusRule": "monitoring.coreos.com/v1",
    "AlertmanagerConfig": "monitoring.coreos.com/v1alpha1",
    "PodMonitoring": "monitoring.googleapis.com/v1",
    "Rules": "monitoring.googleapis.com/v1",
}


def custom(
    name: str,
    kind: str,
    metadata: meta.v1.ObjectMetaArgs,
    spec: Mapping[str, object],
    opts: pulumi.ResourceOptions,
) -> k8s.apiextensions.CustomResource:
    """Register a custom resource of one of these kinds; `spec` is its typed dictionary."""
    return k8s.apiextensions.CustomResource(
        name, api_version=VERSIONS[kind], kind=kind, metadata=metadata, spec=spec, opts=opts
    )
