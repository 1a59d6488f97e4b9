"""The tests of the page and its server use the assistant without models."""

from __future__ import annotations

import pytest
from fake_assistant import FakeAssistant


@pytest.fixture
def assistant() -> FakeAssistant:
    return FakeAssistant()
