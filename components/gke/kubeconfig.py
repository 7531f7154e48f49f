"""How the program and kubectl reach a GKE cluster: by the caller's own Google identity, with no secret in it."""

import json

_PLUGIN = "gke-gcloud-auth-plugin"


def kubeconfig(name: str, address: str, certificate: str | None = None) -> str:
    """A kubeconfig (JSON, which is YAML) for the API at `https://{address}`.

    `certificate` is the base64 PEM of the cluster's authority; the DNS endpoint has a public certificate
    and needs none. Source: cloud.google.com/kubernetes-engine/docs/how-to/cluster-access-for-kubectl.
    """
    cluster = {"server": f"https://{address}"}
    if certificate is not None:
        cluster["certificate-authority-data"] = certificate
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "clusters": [{"name": name, "cluster": cluster}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "users": [
                {
                    "name": name,
                    "user": {
                        "exec": {
                            "apiVersion": "client.authentication.k8s.io/v1beta1",
                            "command": _PLUGIN,
                            "installHint": f"gcloud components install {_PLUGIN}",
                            "provideClusterInfo": True,
                            "interactiveMode": "Never",
                        }
                    },
                }
            ],
        },
        indent=1,
    )
