"""A portrait at its own pose and expression is itself: what the warp misses there is put back.

The model takes a portrait's expression away with one set of bases and gives a frame's with another,
so that its own codes bring a portrait's points back only to about 1 % of the face's height, and
closed lips come back parted. The difference belongs to the person as the photo shows it; it turns
with the head and is added to every frame. Where it would hold lids or lips open that a frame shuts,
it fades as they shut; where the model's own lips cross, it is what uncrosses them, and stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openvasa.engine.avatar import Avatar
from openvasa.engine.backends import Backend
from openvasa.latent.surface import (
    INNER_LOWER,
    INNER_UPPER,
    LIDS,
    LIP_POINTS,
    to_canonical,
    transform,
)
from openvasa.types import Array

Floats = NDArray[np.float64]

_LEAST = 1e-3  # crop units: an opening below is none


def keep_own(run: Backend, avatar: Avatar) -> Backend:
    """A backend whose graph `move` gives this avatar's own points back at its own codes.

    Args:
        run: The model's; must know the graph `move`.
        avatar: The one portrait that it will be asked about.
    """
    own = run("move", {
        "neutral": avatar.neutral, "identity": avatar.identity, "rest": avatar.pose,
        "pose": avatar.pose, "dynamics": avatar.dynamics,
    })  # fmt: skip
    pose = avatar.pose[0].astype(np.float64)
    modeled = to_canonical(own["points"][0].astype(np.float64), pose)
    missed = to_canonical(avatar.points.astype(np.float64), pose) - modeled
    return _OwnPoints(run, missed, modeled)


@dataclass(frozen=True)
class _OwnPoints:
    run: Backend
    missed: Floats  # [478, 3], canonical
    modeled: Floats  # [478, 3], canonical, at the portrait's own codes

    def __call__(self, graph: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """As the backend; only points of `move` change."""
        out = self.run(graph, inputs)
        if graph != "move":
            return out
        pose = inputs["pose"][0].astype(np.float64)
        points = to_canonical(out["points"][0].astype(np.float64), pose)
        missed = self.missed.copy()
        for upper, lower in LIDS:
            missed[[*upper, *lower]] *= _share(points, self.modeled, upper, lower)
        if _gap(missed, INNER_UPPER, INNER_LOWER).mean() > 0:
            missed[LIP_POINTS] *= _share(points, self.modeled, INNER_UPPER, INNER_LOWER)
        points += missed
        crossed = np.minimum(_gap(points, INNER_UPPER, INNER_LOWER), 0) / 2
        points[INNER_UPPER, 1] -= crossed
        points[INNER_LOWER, 1] += crossed
        placed = transform(points, pose).astype(np.float32)
        return {**out, "points": placed[None]}


def _gap(points: Floats, upper: NDArray[np.int64], lower: NDArray[np.int64]) -> Floats:
    return np.asarray(points[upper, 1] - points[lower, 1])


def _share(
    points: Floats, own: Floats, upper: NDArray[np.int64], lower: NDArray[np.int64]
) -> float:  # fmt: skip
    """How far something is open beside the portrait's own opening, in [0, 1]."""
    modeled = float(_gap(own, upper, lower).mean())
    if modeled <= 0:
        return 1.0
    opening = max(float(_gap(points, upper, lower).mean()), 0.0)
    return min(1.0, (opening + _LEAST) / (modeled + _LEAST))
