"""Names of dashboards that stay the same from one deployment to the next and differ between stacks."""

import re
from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True, kw_only=True)
class StackName:
    """Whose dashboards they are: two stacks may share a Grafana."""

    stack: str
    namespace: str

    def uid(self, board: str) -> str:
        """The dashboard's address, at most 40 characters as Grafana wants it."""
        digest = sha256(f"{self.stack}\0{self.namespace}\0{board}".encode()).hexdigest()
        return f"{re.sub(r'[^a-z0-9-]', '-', board.lower())[:23]}-{digest[:16]}"

    def title(self, board: str) -> str:
        """What people choose it by; Grafana wants it to be unique within a folder."""
        return f"Kotaemon {self.stack} ({self.namespace}): {board}"

    @property
    def tag(self) -> str:
        """What all dashboards of the stack are marked with."""
        return f"{self.stack}/{self.namespace}"
