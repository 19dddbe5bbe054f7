"""What a frame costs at 256 and 512 pixels: CPU time by stage, and memory, in a fresh process."""

from __future__ import annotations

import os
from multiprocessing import get_context
from multiprocessing.connection import Connection

import numpy as np

from openvasa.metrics.findings import Findings
from openvasa.types import Image

COST = "Cost of a frame"
SIDES = (256, 512)  # pixels
FRAMES = 40


def cost(model: str, photo: Image, found: Findings) -> None:
    """Draws frames of a photo u8 [H, W, 3], each size in a process of its own on one thread."""
    for side in SIDES:
        context = get_context("spawn")
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_draw, args=(theirs, model, photo, side), daemon=True)
        before = os.environ.get("OMP_NUM_THREADS")
        os.environ["OMP_NUM_THREADS"] = "1"
        try:
            process.start()
        finally:
            if before is None:
                del os.environ["OMP_NUM_THREADS"]
            else:
                os.environ["OMP_NUM_THREADS"] = before
        theirs.close()
        found.add(COST, f"{side} pixels", **ours.recv())
        process.join()


def _draw(told: Connection, model: str, photo: Image, side: int) -> None:
    """The other side of `cost`: columns for `Findings`."""
    from openvasa.engine.animator import Animator
    from openvasa.engine.bench_job import peak_bytes
    from openvasa.engine.meter import Meter
    from openvasa.engine.render import Renderer
    from openvasa.types import Motion

    animator = Animator.load(model)
    avatar, meter = animator.prepare(photo), Meter()
    still = Motion(np.zeros((1, 6), np.float32), avatar.dynamics)
    loaded = peak_bytes()
    Renderer(avatar, animator.run, animator.topology, size=side)(still, 0)  # compiles
    renderer = Renderer(avatar, animator.run, animator.topology, size=side, timer=meter)
    for k in range(FRAMES):
        turn = np.float32(0.2 * np.sin(k / 6))
        renderer(Motion(still.pose + turn, still.dynamics), k)
    stages = {f"{name},_ms": 1e3 * seconds / FRAMES for name, seconds in meter.seconds.items()}
    told.send({
        **stages, "all,_ms": sum(stages.values()), "peak_memory,_MB": peak_bytes() / 1e6,
        "of_which_before_the_first_frame,_MB": loaded / 1e6,
    })  # fmt: skip
