"""What a small program registers, as the rules see it."""

import asyncio
from collections.abc import Callable

from pulumi.runtime import mocks
from pulumi.runtime.stack import run_pulumi_func

from ops.registrations import Monitor
from policies.graph import Resource

MARK = "s3ntinel-secret"


class _Computed(mocks.Mocks):
    """What the providers would add."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, object]]:
        state = dict(args.inputs)
        if args.typ == "gcp:serviceaccount/account:Account":
            state["email"] = f"{state['accountId']}@project.iam.gserviceaccount.com"
            state["member"] = f"serviceAccount:{state['email']}"
        return f"{args.name}-id", state

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, object], None]:
        raise AssertionError(f"the program called {args.token}")


def registered(program: Callable[[], None], *, preview: bool = False) -> tuple[Resource, ...]:
    """Every resource that `program` registers."""
    computed = _Computed()
    monitor = Monitor(computed, MARK)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    mocks.set_mocks(computed, project="kotaemon", stack="sample", preview=preview, monitor=monitor)
    loop.run_until_complete(run_pulumi_func(program))
    return tuple(monitor.registered)
