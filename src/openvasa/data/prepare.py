"""Videos -> a store: one job a video, resumable, on any number of workers.

Knows nothing of what happens inside a video (`real_video`) or of how shards lie on disk (`store`).
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from openvasa.data.packing import pack
from openvasa.data.real_video import VideoInput, VideoOptions, prepare_video, unit_name
from openvasa.data.same_person import join_people
from openvasa.data.shards import Line, write_lines
from openvasa.data.store import create, done_units, write_unit
from openvasa.data.workers import Job, Result, run
from openvasa.types import InputError

KIND = "real"
PACK_SECONDS = 300.0  # so often full shards are closed and the manifest is written anew
MOST_TRIES = 3  # a video during which the worker died this often is dropped


@dataclass(frozen=True)
class Progress:
    """What one finished video brought: kept clips, their seconds, dropped inputs."""

    source: str
    kept: int
    seconds: float
    dropped: int


def prepare(
    store: Path,
    videos: Sequence[VideoInput],
    options: VideoOptions,
    workers: int = 1,
    cluster: str | None = None,
    report: Callable[[Progress], None] = lambda _: None,
) -> int:
    """Prepares the videos that the store does not hold yet, and packs them.

    Args:
        store: The folder; made if missing. One run at a time may write to it.
        videos: What to prepare.
        options: For every video.
        workers: Videos at a time.
        cluster: Address of a Ray cluster whose machines all see `store` and the videos.
        report: Called for every finished video.

    Returns:
        How many videos were prepared now.

    Raises:
        InputError: The store cannot be written, the disk is full, or Ray is missing.
    """
    create(store)
    done = done_units(store, KIND)
    named = {unit_name(video): video for video in videos}
    jobs: list[Job] = [
        {"store": str(store.resolve()), "unit": unit, "video": _plain(video),
         "options": _plain(options)}
        for unit, video in named.items() if unit not in done
    ]  # fmt: skip
    packed = time.monotonic()
    try:
        for result in run(jobs, prepare_unit, workers, cluster):
            if result["error"]:
                raise InputError(str(result["error"]))
            report(Progress(result["source"], result["kept"], result["seconds"], result["dropped"]))
            if time.monotonic() - packed > PACK_SECONDS:
                pack(store, everything=False)
                packed = time.monotonic()
    except BaseException:
        pack(store, everything=False)  # the manifest tells what was done
        raise
    join_people(store)
    pack(store)
    return len(jobs)


def prepare_unit(job: Job) -> Result:
    """One video of `prepare`: commits its unit; what the video holds is never an error.

    Returns:
        source, kept, seconds, dropped, and error: a sentence where the run cannot go on, or "".
    """
    store, unit = Path(job["store"]), str(job["unit"])
    video = VideoInput(**{**job["video"], "path": Path(job["video"]["path"])})
    options = VideoOptions(**{**job["options"], "identity": _path(job["options"]["identity"])})
    ready = store / "work" / KIND / f"{unit}.jsonl"
    result: Result = {"source": video.source, "kept": 0, "seconds": 0.0, "dropped": 0, "error": ""}
    if ready.is_file():
        return result  # a worker died after it had finished
    started = ready.with_suffix(".started")
    started.parent.mkdir(parents=True, exist_ok=True)
    dropped: list[Line] = []
    lengths: list[float] = []
    try:
        if _count_try(started) > MOST_TRIES:
            dropped.append(_line(video, f"the worker died {MOST_TRIES} times during this video"))
            write_unit(store, KIND, unit, [], dropped)
        else:
            _write(store, unit, video, options, dropped, lengths)
        started.unlink(missing_ok=True)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        result["error"] = (
            f"the disk of '{store}' is full: free some space and run the same command again."
            if full else f"cannot write into '{store}': {error}."
        )  # fmt: skip
    return result | {"kept": len(lengths), "seconds": sum(lengths), "dropped": len(dropped)}


def _write(
    store: Path, unit: str, video: VideoInput, options: VideoOptions, dropped: list[Line],
    lengths: list[float],
) -> None:  # fmt: skip
    """Writes the unit; an error of ours drops the video with the error's name as the reason."""

    def samples():  # type: ignore[no-untyped-def]
        for sample in prepare_video(video, options, dropped):
            lengths.append(sample.about["end"] - sample.about["start"])
            yield sample

    try:
        write_unit(store, KIND, unit, samples(), dropped)
    except OSError:
        raise
    except Exception as error:  # one video must never end a run of thousands
        lengths.clear()
        dropped[:] = [_line(video, f"internal error: {type(error).__name__}: {error}")]
        write_unit(store, KIND, unit, [], dropped)


def _count_try(started: Path) -> int:
    """Counts a try of a unit that has not finished yet."""
    try:
        tries = int(started.read_text()) + 1
    except (OSError, ValueError):
        tries = 1
    write_lines(started, [tries])  # type: ignore[list-item]
    return tries


def _line(video: VideoInput, reason: str) -> Line:
    return {
        "source": video.source, "licence": video.licence, "consent": video.consent,
        "person": video.person or "", "split": "", "status": "dropped", "reason": reason,
    }  # fmt: skip


def _plain(value: VideoInput | VideoOptions) -> dict[str, object]:
    """A dataclass as plain values, for a worker on another machine."""
    return {k: str(v) if isinstance(v, Path) else v for k, v in asdict(value).items()}


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)
