"""The HTTP half: health, metrics, avatars and jobs."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, File, Form, HTTPException, Request, UploadFile
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse
from pydantic import BaseModel
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool

from openvasa.server.avatars import Guest
from openvasa.server.jobs import Full, Job, Order
from openvasa.server.metrics import TEXT
from openvasa.server.requests import SEEDS, SIZES, read_wishes
from openvasa.server.studio import Studio
from openvasa.types import InputError

router = APIRouter()


async def _studio(request: Request) -> Studio:
    studio: Studio = request.app.state.studio
    if studio.closing or (request.method == "POST" and not studio.open):
        raise HTTPException(503, "the server is stopping: try again.", {"Retry-After": "5"})
    return studio


Shared = Annotated[Studio, Depends(_studio)]


class AvatarReply(BaseModel):
    """An avatar.

    Attributes:
        id: To be named in jobs and live sessions.
        faces: How many faces the portrait shows.
        size: Width and height of the upright portrait, pixels.
        box: The framed square: its center's x and y and its side, pixels.
        consent_sha256: Hash of the statement, as videos carry it.
    """

    id: str
    faces: int
    size: tuple[int, int]
    box: tuple[float, float, float]
    consent_sha256: str


class VerdictReply(BaseModel):
    """What `openvasa verify` says of a finished video.

    Attributes:
        outcome: marked, not_found, tampered or unreadable.
        sentence: The same in one sentence.
        details: More sentences, the most important first.
    """

    outcome: str
    sentence: str
    details: tuple[str, ...]


class JobReply(BaseModel):
    """A job.

    Attributes:
        id: To ask for it.
        status: How far it is.
        done: Frames made.
        total: Frames in all; 0 until that is known.
        error: Why it failed.
        verdict: Of the finished video, if `verify` was wanted.
    """

    id: str
    status: Literal["queued", "running", "done", "failed"]
    done: int
    total: int
    error: str | None
    verdict: VerdictReply | None


@router.get("/health")
async def health(request: Request) -> JSONResponse:
    """200 while the server works, even if all seats are taken; 503 calls for a new one."""
    studio: Studio = request.app.state.studio
    return _state(studio, 200 if studio.works else 503)


@router.get("/ready")
async def ready(request: Request) -> JSONResponse:
    """200 if another live session would begin at once, 503 if it would be refused."""
    studio: Studio = request.app.state.studio
    return _state(studio, 200 if studio.ready else 503)


def _state(studio: Studio, status: int) -> JSONResponse:
    word = "stopping" if not studio.open else "ready" if studio.ready else "busy"
    seats = studio.seats
    about = {"status": word, "sessions": seats.taken, "capacity": seats.capacity}
    return JSONResponse(about, status)


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(request: Request) -> PlainTextResponse:
    """What was done since the start, for Prometheus."""
    studio: Studio = request.app.state.studio
    seats, jobs = studio.seats, studio.jobs.unfinished
    text = studio.tally.text(sessions=seats.taken, seats=seats.capacity, jobs=jobs)
    return PlainTextResponse(text, media_type=TEXT)


@router.post("/v1/avatars", status_code=201)
def create_avatar(
    studio: Shared,
    portrait: Annotated[UploadFile, File(description="a photo with a face")],
    consent: Annotated[str, Form(description="who agreed to be animated; it is recorded")] = "",
    face: Annotated[int | None, Form(ge=1, le=1000)] = None,
) -> AvatarReply:
    """Makes an avatar of a portrait."""
    content = _content(portrait, studio.settings.portrait_bytes)
    return _about_avatar(studio.avatars.add(content, consent, face))


@router.delete("/v1/avatars/{name}", status_code=204)
def delete_avatar(studio: Shared, name: str) -> None:
    """Forgets an avatar and its portrait."""
    if not studio.avatars.remove(name):
        raise HTTPException(404, "there is no such avatar.")


@router.post("/v1/jobs", status_code=202)
def create_job(
    studio: Shared,
    avatar: Annotated[str, Form()],
    audio: Annotated[UploadFile, File(description="any file with sound")],
    controls: Annotated[str, Form(description="JSON, as in the live protocol")] = "",
    seed: Annotated[int, Form(ge=0, le=SEEDS)] = 0,
    framing: Annotated[Literal["crop", "full"], Form()] = "crop",
    size: Annotated[int, Form(ge=SIZES[0], le=SIZES[1], multiple_of=2)] = 512,
    verify: Annotated[bool, Form(description="read the finished video's marks")] = False,
) -> JobReply:
    """Queues a video of an avatar that speaks a recording."""
    guest = studio.avatars.get(avatar)
    if guest is None:
        raise HTTPException(404, "there is no such avatar: upload the portrait again.")
    order = Order(controls=read_wishes(controls), seed=seed, framing=framing, size=size)
    content = _content(audio, studio.settings.audio_bytes)
    try:
        return _about_job(studio.jobs.submit(guest, content, order, verify=verify))
    except Full as error:
        detail = "too many videos wait: try again in a minute."
        raise HTTPException(503, detail, {"Retry-After": "60"}) from error


@router.get("/v1/jobs/{name}")
def get_job(studio: Shared, name: str) -> JobReply:
    """How far a job is."""
    return _about_job(_job(studio, name))


@router.delete("/v1/jobs/{name}", status_code=204)
def delete_job(studio: Shared, name: str) -> None:
    """Gives a job up and removes its files."""
    studio.jobs.remove(_job(studio, name).id)


@router.get("/v1/jobs/{name}/video", response_class=FileResponse)
def get_video(studio: Shared, name: str) -> FileResponse:
    """The finished video; once it was sent, it is gone."""
    job = _job(studio, name)
    if job.status != "done":
        raise HTTPException(409, f"the video is not there: the job is {job.status}.")

    async def forget() -> None:
        await run_in_threadpool(studio.jobs.remove, job.id)

    return FileResponse(
        job.video, media_type="video/mp4", filename="talking.mp4", background=BackgroundTask(forget)
    )


def _content(upload: UploadFile, most: int) -> bytes:
    content = upload.file.read(most + 1)
    if len(content) > most:
        raise HTTPException(413, f"the file is larger than {most / 1e6:g} MB: make it smaller.")
    if not content:
        raise InputError("the file is empty: choose another.")
    return content


def _job(studio: Studio, name: str) -> Job:
    job = studio.jobs.get(name)
    if job is None:
        raise HTTPException(404, "there is no such job, or its video was fetched.")
    return job


def _about_avatar(guest: Guest) -> AvatarReply:
    avatar = guest.avatar
    height, width = avatar.photo.shape[:2]
    return AvatarReply(
        id=guest.id, faces=avatar.faces, size=(width, height),
        box=(avatar.box.cx, avatar.box.cy, avatar.box.side), consent_sha256=guest.consent.sha256,
    )  # fmt: skip


def _about_job(job: Job) -> JobReply:
    found = job.verdict
    verdict = None
    if found is not None:
        outcome = found.outcome.name.lower()
        verdict = VerdictReply(outcome=outcome, sentence=found.sentence, details=found.details)
    return JobReply(
        id=job.id, status=job.status, done=job.done, total=job.total, error=job.error,
        verdict=verdict,
    )  # fmt: skip
