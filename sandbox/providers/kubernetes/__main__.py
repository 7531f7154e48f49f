"""Serve the kubernetes provider: what `pulumi-resource-kubernetes` runs."""

from sandbox.providers import protocol, server

if __name__ == "__main__":
    protocol.light_imports()
    from sandbox.providers.kubernetes.provider import Kubernetes

    server.serve(Kubernetes)
