"""Figures of moving pictures tell new noise from a photograph that is carried along."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from openvasa.media.video import VideoWriter
from openvasa.metrics.synthesis_traces import (
    BANDS,
    CELLS,
    FEWEST,
    FIGURES,
    TraceModel,
    load_traces,
    traces,
    video_traces,
)
from openvasa.types import CropBox, Image, InputError

BOX = CropBox(80.0, 70.0, 140.0)  # reaches beyond the frame


def _frames(noise: float, count: int = FEWEST, seed: int = 0) -> list[Image]:
    """One textured picture, with or without noise of its own in every frame."""
    rng = np.random.default_rng(seed)
    still = rng.normal(128, 20, (120, 160, 1)) + np.zeros(3)
    return [
        np.clip(still + rng.normal(0, noise, still.shape), 0, 255).astype(np.uint8)
        for _ in range(count)
    ]


def test_noise_of_its_own_changes_every_cell_of_every_frame() -> None:
    camera, drawn = traces(_frames(8.0), BOX), traces(_frames(0.0), BOX)
    assert camera.shape == drawn.shape == (FIGURES,) and camera.dtype == np.float32
    assert np.isfinite(camera).all() and np.isfinite(drawn).all()
    change = slice(BANDS, None)
    assert (camera[change] > drawn[change] + 1).all()
    # Independent noise differs as much after one frame as after twelve.
    one, twelve = camera[2 * BANDS :].reshape(2, CELLS**2)
    assert np.allclose(one, twelve, atol=0.2)


def test_brightness_and_what_lies_outside_the_square_do_not_matter() -> None:
    frames = _frames(4.0)
    box = CropBox(60.0, 60.0, 80.0)
    around = [frame.copy() for frame in frames]
    for frame in around:
        frame[105:] = 0
    assert np.array_equal(traces(frames, box), traces(around, box))
    dark = [(frame // 2).astype(np.uint8) for frame in frames]
    assert np.abs(traces(dark, box) - traces(frames, box)).max() < 0.3


def test_only_the_first_frames_are_looked_at() -> None:
    frames = _frames(4.0, 60)
    assert np.array_equal(traces(frames, BOX), traces(frames[:40], BOX))
    with pytest.raises(ValueError, match="too few"):
        traces(frames[: FEWEST - 1], BOX)


def test_no_face_no_figures(tmp_path: Path) -> None:
    for count, name in ((FEWEST, "no_face.mp4"), (3, "short.mp4")):
        with VideoWriter(tmp_path / name, (160, 120)) as writer:
            for _ in range(count):
                writer.write(np.full((120, 160, 3), 128, np.uint8))
        assert video_traces(tmp_path / name) is None


def test_models_come_back_from_files(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    parts = [rng.uniform(0.5, 1, size).astype(np.float32) for size in (FIGURES,) * 3 + (1, 1)]
    model = TraceModel(*parts)
    model.save(tmp_path / "a.safetensors")
    again = load_traces(tmp_path / "a.safetensors")
    figures = rng.normal(size=FIGURES).astype(np.float32)
    assert again(figures) == model(figures) and 0 < model(figures) < 1
    assert model(1e9 * np.ones(FIGURES, np.float32)) > 0.99
    (tmp_path / "b").write_bytes(b"words")
    for name in ("b", "none"):
        with pytest.raises(InputError, match="traces"):
            load_traces(tmp_path / name)
