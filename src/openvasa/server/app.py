"""The application: routes of the studio, the page, and the door before them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool

from openvasa import __version__
from openvasa.engine.animator import Animator
from openvasa.server import live_route, routes, speech_route, view_route
from openvasa.server.door import Door
from openvasa.server.settings import Settings
from openvasa.server.studio import Studio
from openvasa.types import InputError

PAGE = Path(__file__).parent / "page"


def create_app(animator: Animator, settings: Settings) -> FastAPI:
    """The server's application; the machine is measured when it starts.

    Args:
        animator: Loaded and warm.
        settings: Limits and identity.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.studio = studio = await run_in_threadpool(Studio, animator, settings)
        try:
            yield
        finally:
            await run_in_threadpool(studio.close)
            if hasattr(app.state, "peers"):
                await app.state.peers.close()

    # FastAPI's own pages of the interface load scripts from elsewhere; its JSON stays.
    app = FastAPI(
        title="openvasa", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None,
        description="A portrait that speaks. The live protocol is in docs/server.md.",
    )  # fmt: skip
    app.add_middleware(Door, settings=settings)
    app.add_exception_handler(InputError, _told)
    app.add_exception_handler(RequestValidationError, _corrected)
    app.include_router(routes.router)
    app.include_router(speech_route.router)
    app.include_router(live_route.router)
    app.include_router(view_route.router)
    if find_spec("aiortc"):  # the extra `webrtc`
        from openvasa.server import webrtc_route

        app.include_router(webrtc_route.router)
        app.state.peers = webrtc_route.Peers(settings)
    app.add_api_route("/", _page, include_in_schema=False)
    app.mount("/page", StaticFiles(directory=PAGE), name="page")
    return app


async def _told(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, 422)


async def _corrected(request: Request, error: Exception) -> JSONResponse:
    """The first mistake of a request, without what was sent, which may be large or no text."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"][1:])
    return JSONResponse({"detail": f"'{place}' is wrong: {first['msg']}."}, 422)


async def _page() -> FileResponse:
    return FileResponse(PAGE / "index.html")
