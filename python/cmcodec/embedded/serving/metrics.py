"""What a server counts, and the application that tells it to Prometheus (docs/operating.md).

Time outside cryptography is a counter: divided by that of requests it is the mean, which shows that
something has become slow. How it is distributed, a load generator measures better.
"""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import prometheus_client
from prometheus_client import generate_latest, multiprocess, values
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from starlette.requests import Request

    from cmcodec.embedded.serving.service import Answer, Service

    Asked = Callable[[Callable[[], Any]], Awaitable[Any]]

__all__ = ["FAILED", "GAUGES", "Metrics", "died"]

_LOG: Final = logging.getLogger("cmcodec.embedded")

GAUGES: Final = {
    "cmc_applications_pending": "applications somebody has to decide",
    "cmc_applications_pending_oldest_seconds": "age of the oldest of them",
    "cmc_messages_waiting": "messages that an RA has not sent up",
}
"""What `Service.gauges` may have: the first two of a CA, the last of an RA."""

FAILED: Final = "error"
"""The outcome of what raised an exception."""


def died(process: int, shared: str) -> None:
    """A worker works on nothing any longer; what it has counted stays."""
    multiprocess.mark_process_dead(process, shared)  # type: ignore[no-untyped-call]


class Metrics:
    """The counters of a process, and of the other workers where there are any."""

    def __init__(self, shared: str | None = None) -> None:
        """``shared``: a folder in which workers keep what each of them has counted."""
        self._registry = prometheus_client.CollectorRegistry()
        own = self._registry if shared is None else None
        if shared is not None:
            # Where values are kept is decided by the environment alone, once for a process.
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = shared
            values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]
            multiprocess.MultiProcessCollector(self._registry)  # type: ignore[no-untyped-call]
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
        self._requests = prometheus_client.Counter(
            "cmc_requests", "messages that were answered", ("transport", "outcome"), registry=own
        )
        self._in_progress = prometheus_client.Gauge(
            "cmc_requests_in_progress", "messages that are worked on", ("transport",),
            registry=own, multiprocess_mode="livesum",
        )  # fmt: skip
        self._outside = prometheus_client.Counter(
            "cmc_outside_cryptography_seconds",
            "processor time of answers, that of cryptography not counted",
            ("transport",), registry=own,
        )  # fmt: skip
        self._store_errors = prometheus_client.Counter(
            "cmc_store_errors", "transactions that a store failed", registry=own
        )

    def store_failed(self) -> None:
        """Counts an error of the store."""
        self._store_errors.inc()

    @contextmanager
    def working(self, transport: str) -> Iterator[None]:
        """A message is worked on while the block runs; one that fails is counted."""
        in_progress = self._in_progress.labels(transport)
        in_progress.inc()
        try:
            yield
        except Exception:
            self._requests.labels(transport, FAILED).inc()
            raise
        finally:
            in_progress.dec()

    def answered(self, transport: str, answer: Answer) -> None:
        """Counts an answer."""
        self._requests.labels(transport, answer.outcome).inc()
        self._outside.labels(transport).inc(answer.outside)

    def application(self, service: Service, asked: Asked) -> Starlette:
        """An ASGI application with ``/metrics``, and ``/healthz``: 200, or 503 for what fails.

        ``asked``: runs a function in a thread, and raises `TimeoutError` where it takes too long.
        """

        async def metrics(_: Request) -> Response:
            found: Mapping[str, float] = {}
            try:
                found = await asked(service.gauges)
            except Exception:
                _LOG.exception("gauges are not known")
            text = generate_latest(self._registry) + generate_latest(_Gauges(found))
            return Response(text, media_type=prometheus_client.CONTENT_TYPE_LATEST)

        async def healthz(_: Request) -> Response:
            found: Mapping[str, bool] = {"answers": False}
            try:
                found = await asked(service.health)
            except Exception:
                _LOG.exception("health is not known")
            is_well = all(found.values())
            status = HTTPStatus.OK if is_well else HTTPStatus.SERVICE_UNAVAILABLE
            return JSONResponse(dict(found), status)

        return Starlette(routes=[Route("/metrics", metrics), Route("/healthz", healthz)])


class _Gauges(Collector):
    """What a service says of itself."""

    def __init__(self, found: Mapping[str, float]) -> None:
        self._found = found

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for name, value in self._found.items():
            yield GaugeMetricFamily(name, GAUGES[name], value=value)
