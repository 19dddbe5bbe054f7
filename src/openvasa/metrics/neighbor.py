"""A talking face by nearest neighbor: recorded faces played back whose sound is most alike.

Unit selection (Hunt and Black 1996; with faces: Video Rewrite, Bregler et al. 1997). Every frame of
the sound is described by 0.2 s of the audio encoder's features; of the recorded frames that sound
most alike, those are played that also follow well upon each other. `openvasa.train.neighbor_table`
writes what was recorded. It is bound to the audio encoder that ships, so it hears what our model
hears and lacks only what our model learned of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from openvasa import Animator
from openvasa.audio.encoder import AudioEncoder
from openvasa.metrics.mel_regression import neighborhoods
from openvasa.types import EXPRESSION_DIM, POSE_DIM, Array, InputError

SHIPPED = Path(__file__).parent / "models" / "neighbor.safetensors"
WEIGHTS = "audio.safetensors"  # of the encoder, in a bundle
HEARD = 20  # principal components of the sound
SEEN = POSE_DIM + EXPRESSION_DIM  # pose first
_AROUND = 2  # frames heard on either side of one: 0.2 s in all
_NEAREST = 50  # recorded frames that each frame chooses from
_UNLIKE = 0.1  # cost of a face unlike the one that would follow, of their variance
_CUT = 0.1  # cost of leaving a recording, in variances of the sound
_BLOCK = 256  # frames compared with the table at a time
# What is left after a frame of the step that a cut makes: a head settles in a second, lips at once.
_SETTLE = np.repeat([0.95, 0.5], [POSE_DIM, EXPRESSION_DIM]).astype(np.float32)

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Table:
    """Recorded frames, clip after clip.

    Attributes:
        heard: f32 [N, HEARD], the sound of each; its variances add up to 1.
        seen: f32 [N, SEEN], pose as offsets to the clip's rest and expression.
        ends: i64 [clips], the number of frames up to the end of each clip.
        center: f32 [640], mean of `sound_windows`.
        axes: f32 [640, HEARD], from windows to `heard`.
    """

    heard: Array
    seen: Array
    ends: Ints
    center: Array
    axes: Array

    @cached_property
    def following(self) -> Ints:
        """The frame after each, i64 [N]; the last of a clip follows itself."""
        after = np.arange(1, len(self.heard) + 1)
        after[self.ends - 1] -= 1
        return after

    @cached_property
    def faces(self) -> Array:
        """Expressions, f32 [N, 45], whose variances add up to 1."""
        expression = self.seen[:, POSE_DIM:]
        return np.asarray(expression / max(float(np.sqrt(expression.var(0).sum())), 1e-6))


def sound_windows(features: Array) -> Array:
    """0.2 s of the audio encoder's features f32 [T, 128] about each frame, f32 [T, 640]."""
    return neighborhoods(features, _AROUND)


def predict(sound: Array) -> tuple[Array, Array]:
    """How recorded faces move to a sound that is most like theirs.

    Args:
        sound: f32 [N >= 1] at 16 kHz.

    Returns:
        Pose as offsets to the portrait's own, f32 [T, 6], and expression f32 [T, 45], its scores
        in [0, 1]; T is ceil(N / 640).

    Raises:
        InputError: The table was made with another audio encoder than ships.
    """
    encoder, digest = shipped_encoder()
    table = load_table(SHIPPED, digest)
    heard = (sound_windows(encoder.encode(sound)) - table.center) @ table.axes
    path = choose(table, heard.astype(np.float32))
    seen = played(table, path)
    return seen[:, :POSE_DIM], seen[:, POSE_DIM:]


def choose(table: Table, heard: Array) -> Ints:
    """The recorded frame to be played at each moment.

    Minimizes the sum of squared distances of sound, and from frame to frame of what a change of
    place costs, by dynamic programming over the nearest frames (Viterbi 1967).

    Args:
        table: The recordings.
        heard: f32 [T >= 1, HEARD], the sound as in `Table.heard`.

    Returns:
        i64 [T] in [0, N).
    """
    near, far = _nearest(table, heard)
    cost, back = far[0], []
    for t in range(1, len(near)):
        expected = table.following[near[t - 1]]
        unlike = table.faces[expected][:, None] - table.faces[near[t]]
        step = _UNLIKE * (unlike**2).sum(2) + _CUT * (expected[:, None] != near[t])
        total = cost[:, None] + step
        back.append(total.argmin(0))
        cost = total.min(0) + far[t]
    at = [int(cost.argmin())]
    for came_from in reversed(back):
        at.append(int(came_from[at[-1]]))
    return near[np.arange(len(near)), at[::-1]]


def played(table: Table, path: Ints) -> Array:
    """Pose and expression f32 [T, SEEN] along `choose`'s path; the step of each cut fades away."""
    seen, step = table.seen[path], np.zeros(SEEN, np.float32)
    for t in range(1, len(path)):
        expected = table.following[path[t - 1]]
        step = _SETTLE * (step + table.seen[expected] - table.seen[path[t]])
        seen[t] += step
    scores = slice(POSE_DIM, SEEN - 2)  # gaze, the last two, are angles
    seen[:, scores] = np.clip(seen[:, scores], 0, 1)
    return seen


@cache
def shipped_encoder() -> tuple[AudioEncoder, str]:
    """The audio encoder of the default model, and the sha256 of its weights."""
    animator = Animator.load()
    return AudioEncoder(animator.run), str(animator.bundle.config["files"][WEIGHTS])


@cache
def load_table(path: Path, encoder: str) -> Table:
    """Reads what `openvasa.train.neighbor_table` wrote.

    Raises:
        InputError: The file is for another audio encoder than the one with this sha256.
    """
    with safe_open(str(path), "numpy") as file:
        if (file.metadata() or {}).get("encoder") != encoder:
            raise InputError(
                f"'{path.name}' was made with another audio encoder: "
                "run python -m openvasa.train.neighbor_table STORE."
            )
        frames = file.get_tensor("frames") * file.get_tensor("step") + file.get_tensor("low")
        center, axes = (file.get_tensor(name).astype(np.float32) for name in ("center", "axes"))
        ends = file.get_tensor("ends").astype(np.int64)
    return Table(frames[:, :HEARD], frames[:, HEARD:], ends, center, axes)


def _nearest(table: Table, heard: Array) -> tuple[Ints, Array]:
    """For each moment the frames that sound most alike, i64 [T, K], and how far they are."""
    count = min(_NEAREST, len(table.heard))
    near, far = [], []
    for start in range(0, len(heard), _BLOCK):
        asked = heard[start : start + _BLOCK]
        cross = asked @ table.heard.T
        apart = (asked**2).sum(1)[:, None] - 2 * cross + (table.heard**2).sum(1)
        found = np.argpartition(apart, count - 1, axis=1)[:, :count]
        near.append(found)
        far.append(np.take_along_axis(apart, found, 1))
    return np.concatenate(near), np.concatenate(far)
