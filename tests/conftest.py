"""What every test gets."""

import asyncio
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _own_event_loop() -> Iterator[None]:
    """Pulumi's mocks want a loop in the main thread, and the Automation API leaves none behind."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    loop.close()
    asyncio.set_event_loop(None)
