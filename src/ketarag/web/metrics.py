"""What the service counts, for Prometheus: no label holds a text of a user, and their number is bounded.

A registry of its own: nothing of other libraries in the process, and two apps in one process do not meet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ketarag.types import Answer
    from ketarag.web.audit import AuditLog
    from ketarag.web.workers import Workers

ROUTES = frozenset(
    {
        "/v1/ask",
        "/v1/retrieve",
        "/v1/verify",
        "/v1/conversations",
        "/v1/export",
        "/v1/feedback",
        "/v1/features",
        "/v1/within",
        "/v1/documents",
        "/v1/documents/{id}",
        "/v1/chat/completions",
        "/v1/models",
        "/mcp",
        "/healthz",
        "/readyz",
        "/metrics",
    }
)
"""Paths that are counted by name; every other one is "other", whatever it says."""


def name_of(path: str) -> str:
    """What may be said of a path in counts and logs."""
    if path.startswith("/v1/documents/"):
        return "/v1/documents/{id}"
    return path if path in ROUTES else "other"


FIRST_CLAIM = "first_claim"
"""Of `Answer.timings_ms`: no step, but the time to the first claim."""

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the buckets: a step takes a few milliseconds, a chat model some seconds."""


class Metrics:
    """The counts of one app."""

    def __init__(self, workers: Workers) -> None:
        """`workers` say how many answers are in flight and how many wait."""
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "ketarag_requests", "Requests by route and status", ["route", "status"], registry=self.registry
        )
        self._answers = Counter("ketarag_answers", "Questions that were answered", registry=self.registry)
        self._abstentions = Counter(
            "ketarag_abstentions", "Questions that the documents do not answer", registry=self.registry
        )
        self._steps = Histogram(
            "ketarag_step_seconds",
            "Duration of a step of an answer",
            ["step"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._first_claim = Histogram(
            "ketarag_first_claim_seconds",
            "From the beginning of an answer to its first verified claim",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._feedback = Counter("ketarag_feedback", "Answers that were rated", ["rating"], registry=self.registry)
        in_flight = Gauge("ketarag_in_flight", "Pieces of work in a thread", registry=self.registry)
        in_flight.set_function(lambda: workers.running)
        queue = Gauge("ketarag_queue_length", "Requests that wait for a thread", registry=self.registry)
        queue.set_function(lambda: workers.waiting)

    def count_request(self, path: str, status: int) -> None:
        """One response that began."""
        self._requests.labels(name_of(path), str(status)).inc()

    def count_answer(self, answer: Answer) -> None:
        """One answer and how long its steps took."""
        (self._abstentions if answer.abstained else self._answers).inc()
        for step, milliseconds in answer.timings_ms.items():
            timer = self._first_claim if step == FIRST_CLAIM else self._steps.labels(step)
            timer.observe(milliseconds / 1000)

    def count_feedback(self, rating: Literal["up", "down"]) -> None:
        """One piece of feedback that was kept."""
        self._feedback.labels(rating).inc()

    def watch(self, audit: AuditLog) -> None:
        """Tell how many lines an audit lost, too."""
        self.registry.register(_Lost(audit))

    def exposition(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)


class _Lost(Collector):
    """Lines of an audit that could not be written, read when they are asked for."""

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    def collect(self) -> Iterator[Metric]:
        told = "Lines of the audit that could not be written"
        yield CounterMetricFamily("ketarag_audit_lost_lines", told, self._audit.lost)


class Counted:
    """ASGI middleware: counts every response by route and status. The outermost one, so that refusals count too."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._metrics.count_request(scope["path"], message["status"])
            await send(message)

        await self._app(scope, receive, counted)
