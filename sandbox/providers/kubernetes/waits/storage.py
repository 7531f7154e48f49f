"""Volumes, claims, quotas and tokens: has a controller filled them in?"""

from sandbox.providers.base import INFO, WARNING
from sandbox.providers.kubernetes.client import ApiError
from sandbox.providers.kubernetes.objects import table, text
from sandbox.providers.wire import Properties

from .scene import Scene, Verdict


def volume(scene: Scene) -> Verdict:
    """A volume is there when it is available or bound."""
    phase = text(scene.live(), "status", "phase")
    return Verdict(
        done=phase in ("Available", "Bound"), reasons=[f"the volume's phase is {phase or 'unknown'}"]
    )


def claim(scene: Scene) -> Verdict:
    """A claim is there when it is bound; or pending, if its class binds it only to a pod."""
    live = scene.live()
    if live is None:
        return Verdict()
    phase = text(live, "status", "phase")
    if phase == "Bound" and scene.last is not None:
        return Verdict(done=True)
    mode, problem = _binding_mode(scene, live)
    if mode == "WaitForFirstConsumer":
        # Bound already is fine, too: its pod came first.
        return Verdict(done=phase in ("Pending", "Bound"))
    verdict = Verdict(
        done=phase == "Bound", reasons=[f"the claim's phase is {phase or 'unknown'}"], pods=[scene.uid]
    )
    if problem:
        verdict.shown.append((WARNING, problem))
        verdict.reasons.append(problem)
    else:
        verdict.shown.append((INFO, f"Waiting for the claim to be bound ({phase})"))
    return verdict


def _binding_mode(scene: Scene, live: Properties) -> tuple[str, str]:
    name = text(live, "spec", "storageClassName")
    if not name:
        return "", f'no storage class found for "{scene.name}"'
    try:
        found = scene.client.call("GET", f"/apis/storage.k8s.io/v1/storageclasses/{name}")
    except ApiError as error:
        return "", f'getting storageclass "{name}": {error}'
    return text(found, "volumeBindingMode"), ""


def quota(scene: Scene) -> Verdict:
    """A quota counts once its limits are in its status."""
    live = scene.live()
    hard = table(live, "spec", "hard")
    return Verdict(
        done=live is not None and hard == table(live, "status", "hard"),
        reasons=["its limits are not in its status"],
    )


def secret(scene: Scene) -> Verdict:
    """A service account's token is there once the controller has made it; any other secret is at once."""
    if text(scene.outputs, "type") != "kubernetes.io/service-account-token":
        return Verdict(done=True)
    return Verdict(
        done=bool(table(scene.live(), "data")), reasons=["no token was made for its service account"]
    )
