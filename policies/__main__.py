"""The rules as a policy pack, as the engine starts it: `pulumi preview --policy-pack policies`."""

import sys
from pathlib import Path

# The engine puts this folder itself on the path, and not the one that holds the package.
_HERE = Path(__file__).resolve().parent
sys.path[:] = [str(_HERE.parent), *(part for part in sys.path if Path(part or ".").resolve() != _HERE)]

from policies.analyzer import serve  # noqa: E402
from policies.rules import RULES  # noqa: E402

serve(RULES)
