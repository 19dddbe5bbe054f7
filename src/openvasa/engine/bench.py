"""How fast the whole job is on this machine, by backend, in CPU time and on the clock.

Each backend has a process of its own, so that memory and load time are its own; they take turns,
so that whatever else the machine does meets all of them alike.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from openvasa.types import Array, InputError, Motion

REFERENCE = "torch"
PARITY_FRAMES = 8
# Stages in the order of the work, and the parts that make them up.
STAGES = {
    "motion": {"audio": "sound to features", "motion": "features to motion"},
    "decode": {
        "move": "3-D warp of the volume",
        "surface": "surface and mouth moved and drawn",
        "decode": "decoder network",
    },
    "paste": {
        "compose": "the photo's own pixels moved",
        "paste": "back into the whole photo",
        "mark": "the mark in the pixels",
    },
    "video": {"mux": "H.264, AAC, credentials and the file"},
}


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was measured of one backend; of several rounds the median of each number.

    Attributes:
        model: Its name.
        backend: What ran its networks.
        cores: Processor cores used.
        framing: `crop` or `full`.
        width: Of the video, in pixels.
        height: Of the video, in pixels.
        frames: Frames made.
        load_s: Seconds to import the engine and to load, verify and warm up the model.
        encode_ms: Milliseconds to find and encode the face, once a portrait.
        first_frame_ms: From the first sample of a live stream to its first finished frame: 320 ms
            of sound and the time to compute.
        wall_s: Seconds from the prepared portrait to the finished file.
        fps: Frames a second of the whole job, file included.
        realtime: Seconds of video a second of work; above 1 is faster than real time.
        peak_mb: Most memory the process ever held, in MB; 0 where the system does not tell.
        cpu_ms: CPU milliseconds a frame, all cores together.
        parts: The same by part of the work; `mux` includes the video encoder's own threads.
        psnr_db: Least PSNR of a frame to the reference's, on the same motion; None: not compared.
    """

    model: str
    backend: str
    cores: int
    framing: str
    width: int
    height: int
    frames: int
    load_s: float
    encode_ms: float
    first_frame_ms: float
    wall_s: float
    fps: float
    realtime: float
    peak_mb: float
    cpu_ms: float
    parts: Mapping[str, float]
    psnr_db: float | None = None

    @property
    def stages(self) -> dict[str, float]:
        """CPU milliseconds a frame by stage; `encode` is milliseconds once a portrait."""
        sums = {
            stage: round(sum(self.parts.get(part, 0.0) for part in parts), 3)
            for stage, parts in STAGES.items()
        }
        return {"encode": self.encode_ms, **sums}

    def line(self) -> dict[str, Any]:
        """The report for programs."""
        return {**asdict(self), "stages": self.stages}


def bench(
    model: str | Path,
    portrait: Path,
    audio: Path,
    *,
    framing: str = "crop",
    backends: Sequence[str] = ("onnx",),
    rounds: int = 1,
    progress: Callable[[str], None] = lambda backend: None,
) -> list[Report]:
    """Runs the whole job and measures it.

    Args:
        model: A name or a folder.
        portrait: The photo.
        audio: The recording; at least a third of a second.
        framing: `crop` or `full`.
        backends: What is to run the networks, each measured in every round; where `torch` is
            among them, the others' frames are compared with its.
        rounds: How often, at least 1.
        progress: Called with a backend's name when its turn comes.

    Raises:
        InputError: As for `Animator`.
    """
    turns: dict[str, list[dict[str, Any]]] = {name: [] for name in backends}
    with ExitStack() as stack:
        jobs = {name: stack.enter_context(_process(model, name)) for name in turns}
        for job in jobs.values():
            job("prepare", portrait, framing)
        for _ in range(rounds):
            for name, job in jobs.items():
                progress(name)
                turns[name].append(job("measure", audio))
        psnr = _parity(jobs, audio)
        return [
            Report(**_median(measured), psnr_db=psnr.get(name)) for name, measured in turns.items()
        ]


def table(reports: Sequence[Report]) -> str:
    """Reports for people: a column for each backend."""
    first, names = reports[0], [report.backend for report in reports]
    width = max(12, *(len(name) + 2 for name in names))
    rows = [f"{'CPU ms a frame':<16}" + "".join(f"{name:>{width}}" for name in names)]
    for stage, parts in STAGES.items():
        rows.append(_row(stage, [report.stages[stage] for report in reports], width))
        for part, text in parts.items():
            if part in first.parts and len(parts) > 1:
                values = [report.parts[part] for report in reports]
                rows.append(_row(f"  {part}", values, width) + f"  {text}")
    rows += [_row("together", [report.cpu_ms for report in reports], width), ""]
    for name, text in (
        ("fps", "frames a second, file included"), ("realtime", "x real time"),
        ("first_frame_ms", "ms to a stream's first frame, 320 of them sound"),
        ("load_s", "s to import and load"), ("encode_ms", "ms a portrait"),
        ("peak_mb", "MB at most"), ("psnr_db", f"dB PSNR to {REFERENCE}, least"),
    ):  # fmt: skip
        values = [getattr(report, name) for report in reports]
        if any(value is not None for value in values):
            rows.append(_row(name, values, width) + f"  {text}")
    rows += [
        "",
        f"model '{first.model}', {first.cores} cores, {first.framing}, "
        f"{first.width} x {first.height}, {first.frames} frames",
    ]
    return "\n".join(rows)


def line(reports: Sequence[Report]) -> str:
    """Reports for programs, one line of JSON: the first one's figures, and all by backend."""
    whole = reports[0].line()
    return json.dumps({**whole, "backends": {each.backend: each.line() for each in reports}})


def _row(name: str, values: Sequence[float | None], width: int) -> str:
    cells = ("-" if value is None else f"{value:.2f}" for value in values)
    return f"{name:<16}" + "".join(f"{cell:>{width}}" for cell in cells)


def _median(measured: list[dict[str, Any]]) -> dict[str, Any]:
    """Of each number the median; what is the same in all rounds stays."""
    whole = dict(measured[0])
    for key, value in whole.items():
        if isinstance(value, float):
            whole[key] = round(float(np.median([each[key] for each in measured])), 3)
        elif isinstance(value, dict):
            whole[key] = _median([each[key] for each in measured])
    return whole


def _parity(jobs: Mapping[str, Callable[..., Any]], audio: Path) -> dict[str, float]:
    """The least PSNR in dB of each backend's frames to the reference's, on its motion."""
    if REFERENCE not in jobs or len(jobs) < 2:
        return {}
    motion: Motion = jobs[REFERENCE]("perform", audio)
    chosen = np.linspace(0, len(motion) - 1, min(PARITY_FRAMES, len(motion))).astype(int)
    given = Motion(motion.pose[chosen], motion.dynamics[chosen])
    frames: dict[str, Array] = {name: job("draw", given) for name, job in jobs.items()}
    return {
        name: round(_psnr(frames[name], frames[REFERENCE]), 2) for name in jobs if name != REFERENCE
    }


def _psnr(ours: Array, theirs: Array) -> float:
    apart = np.square(ours.astype(np.float64) - theirs).reshape(len(ours), -1).mean(1).max()
    return float(10 * np.log10(255**2 / max(apart, 1e-4)))


@contextmanager
def _process(model: str | Path, backend: str) -> Iterator[Callable[..., Any]]:
    """A process that holds one backend: calls of it by name."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, model, backend), daemon=True)
    process.start()
    theirs.close()

    def call(name: str, *arguments: Any) -> Any:
        ours.send((name, arguments))
        good, value = ours.recv()
        if not good:
            raise InputError(value)
        return value

    try:
        call("load")
        yield call
    finally:
        ours.close()
        process.join()


def _serve(calls: Connection, model: str | Path, backend: str) -> None:
    """The other side of `_process`: ends when the calls do."""
    from openvasa.engine.bench_job import Job

    job = Job(model, backend)
    while True:
        try:
            name, arguments = calls.recv()
        except EOFError:
            return
        try:
            calls.send((True, getattr(job, name)(*arguments)))
        except InputError as error:
            calls.send((False, str(error)))
