"""Fixtures that give a situation, not a mock."""

import pytest
from hypothesis import settings

# How long an example takes says how busy the machine is, and nothing of the code.
settings.register_profile("midwatch", deadline=None)
settings.load_profile("midwatch")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
