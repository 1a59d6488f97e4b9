"""Gradio prints the traceback of whatever fails, with what was typed in it. Here it says the kind of the error only.

It has no setting for that (6.31: `traceback.print_exc()` in its queue and routes), so the name is replaced in its modules.
"""

from __future__ import annotations

import logging
import sys

import gradio.queueing
import gradio.route_utils
import gradio.routes

logger = logging.getLogger(__name__)


class _Traceback:
    """Stands in for the module `traceback`, of which Gradio uses this function here."""

    @staticmethod
    def print_exc() -> None:
        kind = sys.exc_info()[0]
        logger.error("the page failed with %s", kind.__name__ if kind else "an unknown error")


def quieten_gradio() -> None:
    """Nothing that a user typed is printed from now on, by any page of this process."""
    for module in (gradio.queueing, gradio.route_utils, gradio.routes):
        module.traceback = _Traceback
