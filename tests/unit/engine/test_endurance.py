"""Long videos: as long as asked, sound and pictures together, only some frames drawn."""

import wave
from pathlib import Path

import numpy as np
import pytest

from openvasa.engine.endurance import endure
from openvasa.engine.render import sampled
from openvasa.engine.step_sweep import sweep_steps
from openvasa.types import Frame, Motion
from tiny_model import tone


@pytest.fixture(scope="module")
def recording(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes((tone(0.7) * 32767).astype("<i2").tobytes())
    return path


def test_lengths_are_made_without_drift(animator, avatar, recording) -> None:
    seen: list[float] = []
    rows = endure(
        animator, avatar, recording, [1, 2.5], every=10,
        progress=lambda row: seen.append(row.seconds),
    )  # fmt: skip
    assert seen == [1, 2.5] and [row.frames for row in rows] == [25, 63]
    assert all(row.cpu_s > 0 and abs(row.drift_ms) < 1 for row in rows)


def test_one_frame_of_some_is_drawn() -> None:
    drawn: list[int] = []

    def draw(motion: Motion, index: int) -> Frame:
        drawn.append(index)
        return Frame(image=np.full((2, 2, 3), index, np.uint8), index=index)

    shown = sampled(draw, 3)
    still = Motion(np.zeros((1, 6), np.float32), np.zeros((1, 48), np.float32))
    frames = [shown(still, index) for index in range(7)]
    assert drawn == [0, 3, 6] and [frame.index for frame in frames] == list(range(7))
    assert [int(frame.image[0, 0, 0]) for frame in frames] == [0, 0, 0, 3, 3, 3, 6]


def test_steps_are_compared_with_the_most(animator, recording) -> None:
    rows = sweep_steps(animator, recording, [1, 4, 4], seeds=2)
    assert [row.steps for row in rows] == [4, 1]
    assert rows[0].apart == 0 and rows[0].size == rows[0].shake == 1
    assert rows[1].apart > 0 and rows[0].other_seed > 0 and rows[1].motion_ms > 0
