"""A real Pulumi engine and a real Kubernetes control plane, for machines that have neither."""
