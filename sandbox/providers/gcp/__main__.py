"""Serve the gcp provider: what `pulumi-resource-gcp` runs."""

from sandbox.providers import protocol, server

if __name__ == "__main__":
    protocol.light_imports()
    from sandbox.providers.gcp.provider import Gcp

    server.serve(Gcp)
