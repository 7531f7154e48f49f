"""What runs and isn't the version that this tree pins; and Kubernetes' own version."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from components import images
from ops.health import Object, part, parts

from .cloud import Cloud
from .model import Line, Mark


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image that runs."""

    running: str
    pinned: str
    """What `make up` would run."""

    @property
    def behind(self) -> bool:
        """Whether it isn't that."""
        return self.running != self.pinned


@dataclass(frozen=True, kw_only=True)
class Kubernetes:
    """The cluster's version, and what its channel offers."""

    running: str
    nodes: tuple[str, ...] = ()
    """Versions of its node pools, the oldest first."""
    channel: str = ""
    """Release channel; empty where there is none."""
    offered: str = ""
    """The channel's version that clusters are upgraded to; empty where nobody tells."""

    @property
    def behind(self) -> bool:
        """Whether control plane or nodes are older than what is offered."""
        wanted = _order(self.offered)
        return bool(self.offered) and any(_order(one) < wanted for one in (self.running, *self.nodes))


@dataclass(frozen=True, kw_only=True)
class Versions:
    """All of it."""

    images: tuple[Image, ...]
    kubernetes: Kubernetes | None
    """None where the cluster doesn't tell."""

    def line(self, command: str) -> Line:
        """As people read it; `command` brings the images to their pins."""
        old = [image for image in self.images if image.behind]
        found = [f"{image.running} runs, {_tag(image.pinned)} is pinned" for image in old]
        if not old:
            found.append(f"{len(self.images)} images as pinned" if self.images else "no pinned image runs")
        late = self.kubernetes is not None and self.kubernetes.behind
        if self.kubernetes is not None:
            found.append(_words(self.kubernetes))
        return Line(
            mark=Mark.LOOK if old or late else Mark.WELL,
            name="Versions",
            found="; ".join(found),
            advice=(command,) if old else (),
        )


def _words(kubernetes: Kubernetes) -> str:
    oldest = next(iter(kubernetes.nodes), "")
    nodes = f", nodes {oldest}" if oldest and oldest != kubernetes.running else ""
    if not kubernetes.offered:
        return f"Kubernetes {kubernetes.running}{nodes} (whether there is a newer one isn't known)"
    offered = (
        f"channel {kubernetes.channel} has {kubernetes.offered}" if kubernetes.behind else "up to its channel"
    )
    return f"Kubernetes {kubernetes.running}{nodes}, {offered}"


def of_images(pods: Iterable[Object], application: str = "") -> tuple[Image, ...]:
    """The images of the pods that `make up` decides on; `application` is Kotaemon's, by the stack's file."""
    pinned = {_name(image): image for image in (*_pins(), application)}
    running = sorted({image for pod in pods for image in _of_pod(pod)})
    return tuple(Image(running=one, pinned=pinned[_name(one)]) for one in running if _name(one) in pinned)


def _pins() -> Iterator[str]:
    return (value for name, value in vars(images).items() if name.isupper() and isinstance(value, str))


def _of_pod(pod: Object) -> Iterator[str]:
    if part(pod, "metadata").get("deletionTimestamp"):
        return
    for container in (*parts(pod, "spec", "initContainers"), *parts(pod, "spec", "containers")):
        yield str(container.get("image", ""))


def _name(image: str) -> str:
    """The image without tag and digest; a registry may have a port."""
    name = image.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"


def _tag(image: str) -> str:
    return image.removeprefix(_name(image)).lstrip(":@")


def _order(version: str) -> tuple[int, ...]:
    """1.33.5-gke.1080000 as numbers to compare."""
    return tuple(
        int(piece) for piece in version.lstrip("v").replace("-gke", "").split(".") if piece.isdigit()
    )


def of_cluster(version: Mapping[str, object]) -> Kubernetes | None:
    """By the API server's own `/version`."""
    found = str(version.get("gitVersion", ""))
    return Kubernetes(running=found) if found else None


def of_gke(cloud: Cloud, location: str, name: str) -> Kubernetes:
    """By Google, with its release channel. Raises NotKnownError."""
    base = f"{cloud.endpoints.container}/v1/projects/{cloud.project}/locations/{location}"
    cluster = cloud.get(f"{base}/clusters/{name}")
    channel = str(part(cluster, "releaseChannel").get("channel", ""))
    offers: Sequence[Object] = parts(cloud.get(f"{base}/serverConfig"), "channels")
    offer = next((one for one in offers if one.get("channel") == channel), {})
    nodes = {str(pool.get("version", "")) for pool in parts(cluster, "nodePools")} - {""}
    return Kubernetes(
        running=str(cluster.get("currentMasterVersion", "")),
        nodes=tuple(sorted(nodes, key=_order)),
        channel=channel.lower(),
        offered=str(offer.get("upgradeTargetVersion") or offer.get("defaultVersion") or ""),
    )
