"""Which synthetic people to make: balanced by sex, age and skin tone, on purpose; no children.

Random styles are mostly light-skinned and of middle age. So every person number belongs to a cell,
and its random style is moved along directions, found by regression, toward that cell before it is
drawn. What was drawn is measured again: the plan is a wish, the reading is what counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from safetensors.numpy import load_file, save_file

from openvasa.data.demographics import GROUPS
from openvasa.data.readings import READINGS
from openvasa.types import Array

TRAITS = ("age", "male", "ita", "light_x", "light_y", *GROUPS)
NAMES = (*READINGS, *TRAITS)
AGES = (
    (26.0, 34.0),
    (36.0, 48.0),
    (52.0, 66.0),
    (68.0, 84.0),
)  # years aimed at; what comes out is younger
ITAS = {"white": (35.0, 60.0), "black": (-22.0, 12.0), "asian": (28.0, 52.0), "indian": (5.0, 32.0)}
OWN = {"white": 3.0, "black": 3.0, "asian": 3.0, "indian": 1.5}  # log odds; more brings sunglasses
OTHER = -4.0  # log odds of the other groups
SEXES = ("female", "male")
YOUNGEST = 25.0  # years as read; the reader errs by 4 to 7 years, children must not slip through
# Seeds of people who read as older and yet may look under age: seen on sheets of the youngest.
LEFT_OUT = frozenset({
    68, 828, 1252, 1498, 1618, 2241, 2755, 3270,
    3711, 3754, 4384, 4573, 101218, 104880, 203071, 203298,
})  # fmt: skip
RIDGE = 300.0
MOST_MOVED = 1.6  # of a random style's own distance from the mean; further away faces break
TRUNCATION = 0.8
FRONTAL = 8.0  # degrees of yaw and pitch within which portraits are wanted


class Cell(NamedTuple):
    """What a person is meant to be: sex, years, group (as the reader has it), degrees of ITA."""

    sex: str
    age: float
    group: str
    ita: float


@dataclass(frozen=True)
class Steering:
    """How styles and readings hang together, from labeled random people.

    Attributes:
        weights: f32 [512, R], predicts readings from styles.
        offset: f32 [R].
        vectors: f32 [R, 512], change of style per unit of a reading, all others kept.
        correlation: f32 [R], predicted with true readings of people left out.
        typical: Median distance of a random style from the mean style.
    """

    weights: Array
    offset: Array
    vectors: Array
    correlation: Array
    typical: float

    def predict(self, w: Array) -> Array:
        """Readings f32 [R] of a style f32 [512]."""
        return w @ self.weights + self.offset


def fit_steering(w: Array, values: Array) -> Steering:
    """Regress readings on styles and styles on readings.

    Args:
        w: f32 [N, 512], styles of labeled random people.
        values: f32 [N, R], their readings, in the order of `NAMES`.
    """
    mean_w, mean_v = w.mean(0), values.mean(0)
    spread = values.std(0) + 1e-9
    x, y = w - mean_w, (values - mean_v) / spread

    def ridge(rows: np.ndarray) -> Array:
        gram = x[rows].T @ x[rows] + RIDGE * np.eye(x.shape[1])
        return np.linalg.solve(gram, x[rows].T @ y[rows]).astype(np.float32)

    out = np.arange(len(w)) % 5 == 0
    guess = x[out] @ ridge(~out)
    pairs = [np.corrcoef(guess[:, i], y[out, i])[0, 1] for i in range(y.shape[1])]
    weights = ridge(np.ones(len(w), bool)) * spread
    vectors = np.linalg.lstsq(values - mean_v, x, rcond=None)[0]
    return Steering(
        weights.astype(np.float32), (mean_v - mean_w @ weights).astype(np.float32),
        vectors.astype(np.float32), np.array(pairs, np.float32),
        float(np.median(np.linalg.norm(x, axis=1))),
    )  # fmt: skip


def save_samples(path: Path, w: Array, values: Array) -> None:
    """Write labeled styles."""
    save_file({"w": w.astype(np.float32), "values": values.astype(np.float32)}, str(path))


def load_steering(path: Path) -> Steering:
    """Fit to what `save_samples` wrote."""
    found = load_file(str(path))
    return fit_steering(found["w"], found["values"])


def cell_of(number: int) -> Cell:
    """The cell of a person: every 32 successive numbers fill each cell once, in a mixed order."""
    shape = (len(SEXES), len(AGES), len(GROUPS))
    lap, place = divmod(number, int(np.prod(shape)))
    order = np.random.default_rng([lap, 17]).permutation(int(np.prod(shape)))
    sex, age, group = (int(i) for i in np.unravel_index(order[place], shape))
    rng = np.random.default_rng([number, 23])
    name = GROUPS[group]
    years, ita = float(rng.uniform(*AGES[age])), float(rng.uniform(*ITAS[name]))
    return Cell(SEXES[sex], years, name, ita)


def steer(steering: Steering, w: Array, cell: Cell, mean: Array) -> Array:
    """A random style moved toward a cell, looking ahead with lips nearly closed.

    Args:
        steering: Of the generator.
        w: f32 [512].
        cell: What the person shall be.
        mean: f32 [512], the mean style.

    Returns:
        f32 [512].
    """
    wish = {"age": cell.age, "male": 0.98 if cell.sex == "male" else 0.02, "ita": cell.ita}
    wish |= {group: OWN[group] if group == cell.group else OTHER for group in GROUPS}
    for _ in range(2):  # a second step takes back what the limit below cut off
        now = dict(zip(NAMES, steering.predict(w), strict=True))
        aims = wish | {name: float(np.clip(now[name], -FRONTAL, FRONTAL))
                       for name in ("yaw", "pitch")}  # fmt: skip
        aims |= {"open": min(float(now["open"]), 0.03), "gaze_yaw": 0.0}
        for name, aim in aims.items():
            w = w + (aim - now[name]) * steering.vectors[NAMES.index(name)]
        far = float(np.linalg.norm(w - mean))
        limit = MOST_MOVED * steering.typical
        if far > limit:
            w = mean + (w - mean) * (limit / far)
    return w.astype(np.float32)


def band(age: float) -> str:
    """A decade of life, for tables."""
    return f"{int(age // 10 * 10)}s"
