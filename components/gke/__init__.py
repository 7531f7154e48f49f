"""Google Cloud below the cluster's objects: project, network, keys, the GKE cluster and its nodes."""
