"""The whole server over the assistant without models, set up by the environment: `python tests/web/slow_service.py`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fake_assistant import FakeAssistant

from ketarag.config import Settings
from ketarag.web.server import serve

if __name__ == "__main__":
    serve(FakeAssistant(), Settings.from_environment())  # type: ignore[arg-type]
