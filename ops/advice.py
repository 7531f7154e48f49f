"""What to do about the reasons that Kubernetes gives, in words."""

_BY_WORD = {
    "ImagePullBackOff": "Check the image's name and tag, and that the nodes reach its registry (imagePullSecrets?).",
    "ErrImagePull": "Check the image's name and tag, and that the nodes reach its registry (imagePullSecrets?).",
    "InvalidImageName": "The image's name is malformed: kotaemon:app.image.",
    "CrashLoopBackOff": "Its last words: kubectl logs --previous {pod} (the exit code is above).",
    "OOMKilled": "It needs more memory: raise its resources.memoryLimit, such as kotaemon:app.resources.memoryLimit.",
    "CreateContainerConfigError": "A Secret or ConfigMap that it reads is missing, or a key in it: make diff, make up.",
    "Unhealthy": "Its probe fails: either it is still starting (Kotaemon takes a minute), or see its logs.",
    "ProgressDeadlineExceeded": "The new version never became ready; the old one keeps running. The pods tell why.",
    "ProvisioningFailed": "The storage class couldn't make a volume: check it and its provisioner's quota.",
    "NoVolume": "Set a storage class that the cluster has: kotaemon:app.storage.className (kubectl get storageclass).",
    "FailedMount": "A volume, Secret or ConfigMap can't be mounted; if it was just made, it passes by itself.",
    "FailedAttachVolume": "Another node still holds the volume; it passes once the old pod is gone.",
    "Evicted": "Its node ran out of memory or disk; it is started again elsewhere.",
    "BackoffLimitExceeded": "The job gave up: its pods' logs tell why; make up runs it again.",
    "DeadlineExceeded": "The job took too long: its pods' logs tell why.",
    "NodeNotReady": "Its node doesn't answer: kubectl get nodes (for the sandbox: make sandbox-start).",
}

_BY_TEXT = (
    (
        "exceeded quota",
        "The namespace's quota is used up: raise kotaemon:namespace.quota, or lower what is asked for.",
    ),
    (
        "violates PodSecurity",
        "The pod breaks the namespace's Pod Security level (kotaemon:namespace.podSecurity).",
    ),
    ("Insufficient cpu", "No node has that much CPU left: add nodes, or lower resources.cpu."),
    ("Insufficient memory", "No node has that much memory left: add nodes, or lower resources.memory."),
    ("unbound immediate PersistentVolumeClaims", "It waits for its volume claim: see there."),
    (
        "node affinity/selector",
        "No node has the labels that the pod asks for: kubectl get nodes --show-labels.",
    ),
    ("untolerated taint", "The nodes carry a taint that keeps it away: kubectl describe nodes."),
    (
        "topology spread constraints",
        "Not enough zones or nodes to spread over: add some, or lower the replicas.",
    ),
    ("volume node affinity conflict", "Its volume lies in another zone than the nodes that have room."),
    ("forbidden: error looking up service account", "Its service account is missing: make up."),
    ("storageclass", "The storage class isn't there: kubectl get storageclass, then set storage.className."),
    ("toomanyrequests", "The registry limits pulls: wait, or log in with an imagePullSecret."),
)


def advice_for(word: str, text: str) -> str:
    """What to do about a reason; empty where nobody knows better than the reason itself."""
    lowered = text.lower()
    for part, advice in _BY_TEXT:
        if part.lower() in lowered:
            return advice
    pod = text.split(":", 1)[0] if ":" in text else "POD"
    return _BY_WORD.get(word, "").replace("{pod}", pod if pod and " " not in pod else "POD")
