"""What every test gets."""

import asyncio
import gc

import pytest

# A third of all the time goes otherwise into looking for garbage among the classes of Google's SDK.
gc.set_threshold(50_000, 10, 10)


@pytest.fixture(autouse=True)
def _event_loop() -> None:
    """Pulumi's mocks want a loop in the main thread, and the Automation API takes it away."""
    try:
        asyncio.get_event_loop_policy().get_event_loop()
    except RuntimeError:
        asyncio.set_event_loop(asyncio.new_event_loop())
