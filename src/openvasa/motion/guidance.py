"""Classifier-free guidance, one scale a condition: a wrapper around the denoiser."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from openvasa.motion.conditions import Conditions
from openvasa.motion.config import CONDITION_NAMES, GRAPH_NAME, GuidanceScales, Run
from openvasa.motion.sampler import Denoise
from openvasa.types import Array, Controls


def asked_scales(scales: GuidanceScales, controls: Controls) -> GuidanceScales:
    """The scales that are worth their time: none for a gaze or a distance that nobody asks for.

    The network is told of a look into the camera and of the portrait's own distance then. To
    insist on them would cost a branch, and what they are for is seen to after the network.
    """
    return replace(
        scales,
        gaze=scales.gaze if controls.gaze is not None else 0.0,
        distance=scales.distance if controls.distance is not None else 0.0,
    )


def guide(run: Run, conditions: Conditions, scales: GuidanceScales) -> Denoise:
    """The denoiser with conditions and guidance inside (the paper's Eq. 2).

    x0 = (1 + sum_c lambda_c) H(x, C) - sum_c lambda_c H(x, C with c nulled). All branches go
    through the network as one batch. A condition that is absent, or whose scale is 0, has no
    branch: its two predictions would be the same, or not counted.

    Args:
        run: Runs a graph by name.
        conditions: Those of one window.
        scales: lambda of each condition.
    """
    active = [
        (index, getattr(scales, name))
        for index, name in enumerate(CONDITION_NAMES)
        if getattr(scales, name) != 0.0 and conditions.keep[index] > 0.0
    ]
    branches = 1 + len(active)
    keep = np.repeat(conditions.keep[None], branches, axis=0)
    for branch, (index, _) in enumerate(active, start=1):
        keep[branch, index] = 0.0
    fixed = {
        "previous_motion": _repeat(conditions.previous_motion, branches),
        "audio": _repeat(conditions.audio, branches),
        "gaze": _repeat(conditions.gaze, branches),
        "distance": _repeat(conditions.distance, branches),
        "emotion": _repeat(conditions.emotion, branches),
        "keep": keep,
    }

    def denoise(x: Array, t: float) -> Array:
        inputs = {"noisy": _repeat(x, branches), "time": np.full(branches, t, np.float32), **fixed}
        x0 = run(GRAPH_NAME, inputs)["x0"]  # [branches, T, C]
        guided = x0[0]
        for branch, (_, scale) in enumerate(active, start=1):
            guided = guided + np.float32(scale) * (x0[0] - x0[branch])
        return guided

    return denoise


def _repeat(array: Array, count: int) -> Array:
    """`count` copies along a new first axis, contiguous as runtimes want them."""
    return np.repeat(np.asarray(array, np.float32)[None], count, axis=0)
