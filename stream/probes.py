"""What can be asked of a running worker over HTTP? `/metrics`, `/healthz` (does it make progress?), `/readyz` (does it work?)."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import prometheus_client
from aiohttp import web
from prometheus_client.registry import CollectorRegistry

from stream.errors import OperatorError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
State = Callable[[], tuple[bool, dict[str, object]]]


class PortInUse(OperatorError):
    """Somebody else listens where the metrics should be. Operator action: choose another FUNDWATCH_METRICS_PORT."""


@contextlib.asynccontextmanager
async def probes(host: str, port: int, registry: CollectorRegistry, alive: State, ready: State) -> AsyncIterator[int]:
    """Serve for the time of a `with` block; gives the port, which is a free one where 0 was asked for."""
    server = web.Application()
    server.router.add_get("/metrics", _metrics(registry))
    server.router.add_get("/healthz", _state(alive))
    server.router.add_get("/readyz", _state(ready))
    runner = web.AppRunner(server, access_log=None, handle_signals=False, shutdown_timeout=1.0)
    await runner.setup()
    try:
        yield await _listen(runner, host, port)
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> int:
    site = web.TCPSite(runner, host, port)
    try:
        await site.start()
    except OSError as error:
        raise PortInUse(
            f"metrics cannot be served at {host}:{port} ({error.strerror})",
            "choose another FUNDWATCH_METRICS_PORT, 0 for any free one",
        ) from error
    return int(runner.addresses[0][1])


def _metrics(registry: CollectorRegistry) -> Handler:
    async def metrics(request: web.Request) -> web.Response:
        # A scrape with thousands of series takes milliseconds that would be the next batch's latency.
        try:
            body = await asyncio.to_thread(prometheus_client.generate_latest, registry)
        except OperatorError as problem:
            return web.Response(status=503, text=f"{problem}\n")
        return web.Response(body=body, headers={"Content-Type": prometheus_client.CONTENT_TYPE_LATEST})

    return metrics


def _state(state: State) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        is_well, details = state()
        return web.Response(
            status=200 if is_well else 503, text=json.dumps(details) + "\n", content_type="application/json"
        )

    return answer
