"""Videos made one after another: a bounded queue, progress, and files that do not stay."""

from __future__ import annotations

import queue
import secrets
import shutil
import threading
import time
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal

from openvasa.engine.animator import Animator
from openvasa.engine.clip import Clip
from openvasa.media.audio import count_samples
from openvasa.provenance.frame_marks import FrameMarks
from openvasa.provenance.identity import local_root
from openvasa.provenance.origin import Origin, content_id, file_hash, weights_hash
from openvasa.provenance.release import release_file
from openvasa.provenance.verdict import Verdict, judge
from openvasa.server.avatars import Guest
from openvasa.server.priority import yield_to_live
from openvasa.server.settings import Settings
from openvasa.types import SAMPLE_RATE, Controls, InputError


@dataclass(frozen=True, kw_only=True)
class Order:
    """How a recording is to be spoken.

    Attributes:
        controls: Gaze, distance and emotion.
        seed: Another seed is another performance.
        framing: As for `animate`.
        size: Longer side in pixels, even.
    """

    controls: Controls
    seed: int = 0
    framing: str = "crop"
    size: int = 512


@dataclass(kw_only=True)
class Job:
    """One video.

    Attributes:
        id: Its name; who knows it may fetch it.
        verify: Whether its marks are read back from the finished file.
        status: How far it is.
        done: Frames made.
        total: Frames in all; 0 until that is known.
        error: Why it failed.
        verdict: What `openvasa verify` says of the file, without pictures, if that was wanted.
        touched: When something was last done with it, seconds.
    """

    id: str
    guest: Guest
    order: Order
    folder: Path
    verify: bool = False
    status: Literal["queued", "running", "done", "failed"] = "queued"
    done: int = 0
    total: int = 0
    error: str | None = None
    verdict: Verdict | None = None
    touched: float = field(default_factory=time.monotonic)

    @property
    def video(self) -> Path:
        """The finished file."""
        return self.folder / "talking.mp4"


class Full(Exception):
    """No more jobs can wait."""


class _Stopped(Exception):
    """The server is closing."""


class JobQueue:
    """Makes videos on one thread; safe to use from several."""

    def __init__(self, animator: Animator, settings: Settings, folder: Path) -> None:
        """Starts the thread.

        Args:
            animator: Makes the frames.
            settings: Limits, and who signs.
            folder: Where files lie until they are fetched.
        """
        self._animator, self._settings, self._folder = animator, settings, folder
        self._queue: queue.Queue[Job | None] = queue.Queue()
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="openvasa-jobs", daemon=True)
        self._thread.start()

    def submit(self, guest: Guest, sound: bytes, order: Order, *, verify: bool = False) -> Job:
        """Queues a video.

        Args:
            guest: Who speaks.
            sound: The bytes of any file with sound.
            order: How.
            verify: Whether the finished file's marks are read back.

        Raises:
            Full: The queue is full.
            InputError: The avatar was forgotten just now.
        """
        name = secrets.token_urlsafe(16)
        folder = self._folder / f"job-{name}"
        job = Job(id=name, guest=guest, order=order, folder=folder, verify=verify)
        with self._lock:
            self._forget_old()
            waiting = sum(other.status == "queued" for other in self._jobs.values())
            if waiting >= self._settings.queued_jobs:
                raise Full
            job.folder.mkdir()
            # The avatar may be forgotten before the job's turn; the credentials need the portrait.
            try:
                shutil.copyfile(guest.portrait, job.folder / "portrait")
            except FileNotFoundError as error:
                job.folder.rmdir()
                raise InputError("the avatar was forgotten: upload the portrait again.") from error
            (job.folder / "sound").write_bytes(sound)
            self._jobs[name] = job
        self._queue.put(job)
        return job

    @property
    def unfinished(self) -> int:
        """How many wait or are made."""
        with self._lock:
            return sum(job.status in ("queued", "running") for job in self._jobs.values())

    @property
    def owed(self) -> int:
        """How many are unfinished, or finished and not fetched."""
        with self._lock:
            return sum(job.status != "failed" for job in self._jobs.values())

    @property
    def works(self) -> bool:
        """Whether there is still a thread that makes them."""
        return self._thread.is_alive()

    def get(self, name: str) -> Job | None:
        """A job by its id; None if there is none, or no more."""
        with self._lock:
            self._forget_old()
            return self._jobs.get(name)

    def remove(self, name: str) -> None:
        """Forgets a job and its files; one under way ends soon."""
        with self._lock:
            job = self._jobs.pop(name, None)
        if job is not None and job.status != "running":
            shutil.rmtree(job.folder, ignore_errors=True)

    def close(self) -> None:
        """Ends the thread; a video under way is given up."""
        self._closing.set()
        self._queue.put(None)
        self._thread.join()

    def _forget_old(self) -> None:
        oldest = time.monotonic() - self._settings.keep_seconds
        for job in list(self._jobs.values()):
            if job.status in ("done", "failed") and job.touched < oldest:
                del self._jobs[job.id]
                shutil.rmtree(job.folder, ignore_errors=True)

    def _run(self) -> None:
        yield_to_live()
        while (job := self._queue.get()) is not None and not self._closing.is_set():
            if job.id not in self._jobs:
                continue
            job.status = "running"
            try:
                self._make(job)
                job.status = "done"
            except InputError as error:
                places = f"{job.folder}/"
                job.status, job.error = "failed", str(error).replace(places, "")
            except _Stopped:
                job.status = "failed"
            except Exception:
                job.status, job.error = "failed", "the video could not be made: try again."
            job.touched = time.monotonic()
            if job.status == "failed" or job.id not in self._jobs:
                shutil.rmtree(job.folder, ignore_errors=True)

    def _make(self, job: Job) -> None:
        sound, portrait = job.folder / "sound", job.folder / "portrait"
        if count_samples(sound) > self._settings.audio_seconds * SAMPLE_RATE:
            raise InputError(
                f"the recording is longer than {self._settings.audio_seconds:g} s: cut it."
            )
        order, bundle = job.order, self._animator.bundle
        told = (job.guest.sha256, file_hash(sound), weights_hash(bundle), repr(order))
        marks = FrameMarks(content_id(*told), label=True)
        clip: Clip = self._animator.animate(
            job.guest.avatar, sound, controls=order.controls, seed=order.seed,
            framing=order.framing, size=order.size, marks=marks,
        )  # fmt: skip
        origin = Origin(
            model=bundle.name, model_hash=weights_hash(bundle), content_id=marks.content_id,
            components=(portrait,), consent=job.guest.consent,
        )  # fmt: skip
        release = partial(release_file, origin=origin, identity=self._settings.identity)
        clip.save(job.video, partial(self._tell, job), release)
        if job.verify:
            own = local_root()
            found = judge(job.video, [own] if own else [], lambda *_: self._check(job))
            job.verdict = replace(found, pictures=())
        sound.unlink()
        portrait.unlink()

    def _tell(self, job: Job, done: int, total: int) -> None:
        job.done, job.total = done, total
        self._check(job)

    def _check(self, job: Job) -> None:
        """Ends what nobody waits for any more."""
        if self._closing.is_set() or job.id not in self._jobs:
            raise _Stopped
