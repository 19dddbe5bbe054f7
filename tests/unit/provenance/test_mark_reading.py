"""Marks are found after what videos go through, and in nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as Pillow

from marked_pictures import picture
from openvasa.provenance import mark_reading
from openvasa.provenance.pixel_mark import PixelMark, read_frames, read_image

ID = 0x0123456789AB
MARK = PixelMark(ID)


def _resized(image: np.ndarray, width: int, height: int) -> np.ndarray:
    return np.asarray(Pillow.fromarray(image).resize((width, height), Pillow.Resampling.BICUBIC))


def _turned(image: np.ndarray, degrees: float) -> np.ndarray:
    return np.asarray(Pillow.fromarray(image).rotate(degrees, Pillow.Resampling.BICUBIC))


CHANGES = {
    "half": lambda image: _resized(image, 256, 256),
    "1.5 times": lambda image: _resized(image, 768, 768),
    "crop": lambda image: image[100:458, 61:419],
    "crop, larger": lambda image: _resized(image[100:458, 61:419], 431, 431),
    "darker, less contrast": lambda image: (image * 0.6 + 10).astype(np.uint8),
    "gray": lambda image: np.repeat(image.mean(-1, keepdims=True), 3, 2).astype(np.uint8),
    "mirrored": lambda image: image[:, ::-1],
    "turned": lambda image: np.asarray(
        Pillow.fromarray(image).rotate(1, Pillow.Resampling.BICUBIC)
    ),
    "wider": lambda image: _resized(image, 538, 512),
    "screenshot": lambda image: np.pad(image, ((30, 90), (50, 99), (0, 0)), constant_values=230),
}


@pytest.fixture(scope="module")
def marked() -> np.ndarray:
    return MARK.embed(picture(512, 512))


@pytest.mark.parametrize("change", CHANGES)
def test_one_changed_picture(marked: np.ndarray, change: str) -> None:
    found = read_image(CHANGES[change](marked))
    assert found.present and found.payload == ID and not found.seconds
    assert found.false_alarm < 1e-5 and found.confidence == 1 - found.false_alarm


@pytest.mark.parametrize("seed", range(3))
def test_unmarked_pictures_are_not_called_marked(seed: int) -> None:
    found = read_image(picture(300, 256, seed=seed))
    assert not found.present and found.payload is None and found.false_alarm > 1e-5


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_flat_picture_holds_nothing(value: int) -> None:
    assert not read_image(np.full((200, 200, 3), value, np.uint8)).present


def test_a_picture_too_small_to_read_is_no_error() -> None:
    assert not read_image(picture(8, 5)).present


def test_which_seconds_are_marked() -> None:
    clean = [picture(256, 256, t / 25) for t in range(100)]
    frames = [*clean[:50], *(MARK.embed(frame) for frame in clean[50:])]
    found = read_frames(iter(frames), 25)
    assert found.present and found.payload == ID
    assert found.seconds == [(0.0, 2.0, False), (2.0, 4.0, True)]


@pytest.mark.parametrize("change", ["mirrored", "turned"])
def test_a_changed_video(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mark_reading, "WINDOW", 2)
    frames = [CHANGES[change](MARK.embed(picture(256, 256, t / 25))) for t in range(3)]
    found = read_frames(frames, 25)
    assert found.payload == ID and found.seconds == [(0.0, 0.12, True)]


def test_frames_vote() -> None:
    """What no single noisy frame tells, fifty tell together."""
    rng = np.random.default_rng(0)
    frames = [
        np.clip(MARK.embed(picture(256, 256, t / 25)) + rng.normal(0, 25, (256, 256, 1)), 0, 255)
        for t in range(50)
    ]  # fmt: skip
    frames = [frame.astype(np.uint8) for frame in frames]
    assert read_image(frames[0]).payload is None
    assert read_frames(frames, 25).payload == ID
    assert read_frames(frames[::-1], 30).payload == ID


def test_all_frames_tell_together_what_no_part_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mark_reading, "WINDOW", 2)
    rng = np.random.default_rng(1)
    marked = MARK.embed(picture(256, 256)).astype(np.float32)
    frames = [
        np.clip(marked + rng.normal(0, 90, marked.shape), 0, 255).astype(np.uint8)
        for _ in range(16)
    ]  # fmt: skip
    found = read_frames(frames, 25)
    assert (
        found.present and found.payload == ID and found.seconds == [(0.0, 0.64, True)]
    )  # not in which seconds
