"""The service: requests in, answers out. What is slow, reading texts, is done by other threads than this one's."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib.resources import files
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pipeline.serving.http import rest
from pipeline.serving.http.batching import Batcher
from pipeline.serving.http.metrics import Metrics
from pipeline.serving.http.models import DEFAULT_SIGNATURE, LoadedVersion, Models
from pipeline.serving.http.rest import RestError

logger = logging.getLogger("maekrak.serve")

LOOPBACK = ("localhost", "127.0.0.1", "::1")
DRAINED = 16  # times the largest body: so much of a larger one is read and thrown away
EXPLAINED_TEXTS = 16  # of one request: explaining reads a text as often as it has pieces
JSON = "application/json"
PAGE = {"/": "index.html"} | {f"/{name}": name for name in ("app.js", "style.css", "icon.svg", "examples.json")}
PAGE_TYPES = {"html": "text/html", "js": "text/javascript", "css": "text/css", "svg": "image/svg+xml", "json": JSON}
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
NOT_FOUND = b"<!doctype html><title>404</title><h1>Not found</h1>"
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST, GET",
    "Access-Control-Allow-Headers": "Content-Type",
}


class Settings(NamedTuple):
    """What a service may do.

    Attributes:
        hosts: that a request may be for, by its Host header; None for any.
        cors: whether pages of other origins may ask.
        timeout: seconds from the arrival of a request to its answer; body_timeout: until its body is there.
    """

    hosts: tuple[str, ...] | None = LOOPBACK
    cors: bool = False
    max_body: int = 1 << 20
    max_queued: int = 8192
    timeout: float = 30.0
    body_timeout: float = 10.0


class Service:
    """Answers requests about some models."""

    def __init__(self, models: Models, settings: Settings, metrics: Metrics) -> None:
        self.models, self.settings, self.metrics = models, settings, metrics
        self.predicting = Batcher(settings.max_queued, settings.timeout, metrics.observe_batch)
        self.explaining = Batcher(settings.max_queued, settings.timeout, lambda texts, queued: None)
        page = files("pipeline.serving.http") / "page"
        self.page = {path: (page / name).read_bytes() for path, name in PAGE.items()}

    async def answer(self, request: Request) -> Response:
        """Answer any request; nothing that one holds makes this raise."""
        path = request.scope["path"]
        try:
            self._check_host(request)
            if request.method == "OPTIONS":
                return self._preflight(request)
            self._check_origin(request)
            if path.lower() == "/v1" or path.lower().startswith("/v1/"):
                response = await self._rest(request, path)
            else:
                response = self._other(request, path)
        except RestError as error:
            response = error_response(error)
        except ClientDisconnect:
            response = Response(status_code=499)
        except Exception:
            logger.exception("a request failed")
            response = error_response(RestError(500, "Internal error"))
        return response

    def _check_host(self, request: Request) -> None:
        """Refuse a request for another host: a page elsewhere may have its name lead here."""
        hosts = self.settings.hosts
        if hosts is not None and _hostname(f"//{request.headers.get('host', '')}") not in hosts:
            raise RestError(403, "Host not allowed")

    def _check_origin(self, request: Request) -> None:
        """Refuse what a page of another origin asks, unless that is wanted."""
        origin = request.headers.get("origin")
        if origin is not None and not self.settings.cors and _netloc(origin) != request.headers.get("host"):
            raise RestError(403, "Origin not allowed")

    def _preflight(self, request: Request) -> Response:
        if urlsplit(request.headers.get("origin", "").lower()).scheme not in ("http", "https"):
            raise RestError(400, "OPTIONS without an Origin")
        return Response(media_type=JSON)

    def _other(self, request: Request, path: str) -> Response:
        if request.method not in ("GET", "HEAD"):
            return Response(NOT_FOUND, 404 if path not in PAGE else 405, media_type="text/html")
        if path in self.page:
            kind = PAGE[path].rpartition(".")[2]
            return Response(self.page[path], media_type=PAGE_TYPES[kind], headers={"Cache-Control": "no-cache"})
        more = {
            "/healthz": lambda: JSONResponse({"status": "alive"}),
            "/readyz": self._ready,
            "/models.json": lambda: JSONResponse({"models": list(self.models.served)}),
            "/monitoring/prometheus/metrics": self._metrics,
        }
        return more.get(path, lambda: Response(NOT_FOUND, 404, media_type="text/html"))()

    def _ready(self) -> Response:
        ready = self.models.ready
        return JSONResponse({"status": "ready" if ready else "not ready"}, 200 if ready else 503)

    def _metrics(self) -> Response:
        for name, model in self.models.served.items():
            self.metrics.version.labels(name).set(max(model.available, default=0))
        return Response(self.metrics.exposition(), media_type="text/plain; version=0.0.4")

    async def _rest(self, request: Request, path: str) -> Response:
        started, name, api = time.perf_counter(), "", "Malformed"
        status = 500
        try:
            call = rest.parse_path(request.method, path)
            if call.target.name in self.models.served:  # any other name would let clients fill the metrics
                name = call.target.name
            api = call.action.capitalize()
            response = await self._call(request, call)
            status = response.status_code
        except RestError as error:
            status = error.status
            raise
        except ClientDisconnect:
            status = 499
            raise
        finally:
            self.metrics.answered(name, api, status, time.perf_counter() - started)
        return response

    async def _call(self, request: Request, call: rest.Call) -> Response:
        if call.action == "status":
            return JSONResponse(self.models.status(call.target))
        if call.action == "metadata":
            return JSONResponse(_metadata(call.target.name, self.models.find(call.target)))
        body = rest.parse_json(await self._body(request))
        name = rest.signature_name(body)
        version = self.models.find(call.target)
        if call.action != "predict":
            raise RestError(501, f"{call.action} is not implemented; ask for predict")
        signature = version.signatures.get(name or DEFAULT_SIGNATURE)
        if signature is None:
            raise RestError(400, f'Serving signature name: "{name}" not found in signature def')
        asked = rest.parse_predict(body, [signature.input_name])
        texts = asked.inputs[signature.input_name]
        batcher = self.predicting
        if name not in ("", DEFAULT_SIGNATURE):
            batcher = self.explaining
            if len(texts) > EXPLAINED_TEXTS:
                raise RestError(400, f"{len(texts)} texts to explain in one request, at most {EXPLAINED_TEXTS}")
        outputs = await batcher.run(signature.predict, texts)
        return Response(rest.answer(asked.format, outputs), media_type=JSON)

    async def _body(self, request: Request) -> bytes:
        """Read the body, no longer than is allowed; of a larger one than is allowed nothing is kept.

        A client that is still sending doesn't hear an answer, so what it sends is read to its end, within bounds.
        """
        most = self.settings.max_body
        too_large = RestError(413, f"A body of more than {most} bytes")
        length = request.headers.get("content-length", "0")
        if length.isdigit() and int(length) > DRAINED * most:
            raise too_large
        body, size = bytearray(), 0
        try:
            async with asyncio.timeout(self.settings.body_timeout):
                async for part in request.stream():
                    size += len(part)
                    if size > DRAINED * most:
                        raise too_large
                    if size <= most:
                        body += part
        except TimeoutError:
            raise RestError(408, "The body took too long to come") from None
        if size > most:
            raise too_large
        return bytes(body)


def make_app(models: Models, settings: Settings, metrics: Metrics) -> Starlette:
    """Make the application: it loads models in a thread from its start on, and is ready when they are there."""
    service = Service(models, settings, metrics)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        models.start()
        yield
        models.stop()
        service.predicting.close()
        service.explaining.close()

    class Answer:  # a class: of a function Starlette would allow GET alone
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await with_headers(service.answer, settings)(scope, receive, send)

    return Starlette(routes=[Route("/{path:path}", Answer())], lifespan=lifespan)


def with_headers(answer: Callable[[Request], Awaitable[Response]], settings: Settings) -> Any:
    """Return an ASGI application whose answers carry the headers that all of them have."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        response = await answer(Request(scope, receive))
        response.headers.update(HEADERS)
        if settings.cors:
            response.headers.update(CORS)
        if response.status_code in (408, 413):  # the rest of the body is not read
            response.headers["Connection"] = "close"
        await response(scope, receive, send)

    return application


def error_response(error: RestError) -> Response:
    """Return `{"error": ...}` with the error's status."""
    headers = {"Retry-After": "1"} if error.status == 503 else None
    return Response(rest.error_body(error.message), error.status, headers, JSON)


def _metadata(name: str, version: LoadedVersion) -> dict[str, Any]:
    specification = {"name": name, "signature_name": "", "version": str(version.number)}
    return {"model_spec": specification, "metadata": {"signature_def": {"signature_def": version.metadata}}}


def _hostname(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _netloc(url: str) -> str | None:
    try:
        return urlsplit(url).netloc
    except ValueError:
        return None
