"""How full the volumes are."""

from dataclasses import dataclass

from .model import Line, Mark
from .series import Prometheus

_FULL = 0.8
"""From here on somebody should look: a volume takes time to grow, and some can't."""


@dataclass(frozen=True, kw_only=True)
class Volume:
    """A volume claim, as the node that mounts it sees it."""

    claim: str
    used: int
    """Bytes."""
    capacity: int
    """Bytes."""

    @property
    def share(self) -> float:
        """0 to 1."""
        return self.used / self.capacity


def ask(prometheus: Prometheus, namespace: str) -> tuple[Volume, ...]:
    """The namespace's volumes, the fullest first; those of file systems that tell no size are left out."""

    def by_claim(metric: str) -> dict[str, float]:
        expr = f'max by (persistentvolumeclaim) ({metric}{{namespace="{namespace}"}})'
        return {one.labels.get("persistentvolumeclaim", ""): one.value for one in prometheus.query(expr)}

    used, capacity = (
        by_claim("kubelet_volume_stats_used_bytes"),
        by_claim("kubelet_volume_stats_capacity_bytes"),
    )
    found = [
        Volume(claim=claim, used=int(used[claim]), capacity=int(size))
        for claim, size in capacity.items()
        if size >= 1 and claim in used
    ]
    return tuple(sorted(found, key=lambda volume: -volume.share))


def line(volumes: tuple[Volume, ...]) -> Line:
    """The fullest, and the others that are nearly full."""
    if not volumes:
        return Line(mark=Mark.UNKNOWN, name="Volumes", found="not known: the nodes' metrics tell of none")
    full = [volume for volume in volumes if volume.share >= _FULL]
    shown = ", ".join(
        f"{volume.claim} {volume.share * 100:.0f} % of {volume.capacity / 2**30:.3g} GiB"
        for volume in full or volumes[:1]
    )
    return Line(
        mark=Mark.LOOK if full else Mark.WELL,
        name="Volumes",
        found=f"{'nearly full' if full else f'fullest of {len(volumes)}'}: {shown}",
    )
