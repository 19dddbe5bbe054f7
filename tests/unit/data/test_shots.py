"""Cuts: found where scenes change, not where a flash or a fast pan goes by."""

from __future__ import annotations

from types import SimpleNamespace

import cv2
import numpy as np

from openvasa.data.shots import mark_cuts


def _scene(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    blobs = cv2.resize(rng.integers(0, 255, (9, 16, 3)).astype(np.uint8), (320, 180))
    return cv2.resize(blobs, (960, 540), interpolation=cv2.INTER_CUBIC)


def _view(scene: np.ndarray, x: float, noise: int) -> np.ndarray:
    view = scene[100:280, int(x) : int(x) + 320].astype(np.float32)
    grain = np.random.default_rng(noise).normal(0, 3, view.shape)
    return np.clip(view + grain, 0, 255).astype(np.uint8)


def _cuts(pictures: list[np.ndarray], broken: tuple[int, ...] = ()) -> list[int]:
    items = [SimpleNamespace(picture=p, broken=i in broken, index=i)
             for i, p in enumerate(pictures)]  # fmt: skip
    marked = list(mark_cuts(items))
    assert [item.index for item, _ in marked] == list(range(len(pictures)))
    return [item.index for item, cut in marked if cut]


def test_a_splice_is_a_cut() -> None:
    pictures = [_view(_scene(1), 50, i) for i in range(20)]
    pictures += [_view(_scene(2), 50, i) for i in range(20)]
    assert _cuts(pictures) == [0, 20]


def test_a_pan_and_a_flash_are_none() -> None:
    pan = [_view(_scene(1), 10 + 12 * i, i) for i in range(40)]
    assert _cuts(pan) == [0]
    flashed = [_view(_scene(1), 50, i) for i in range(30)]
    flashed[15] = np.full_like(flashed[15], 250)
    assert _cuts(flashed) == [0]


def test_missing_pictures_begin_a_shot() -> None:
    pictures = [_view(_scene(1), 50, i) for i in range(20)]
    assert _cuts(pictures, broken=(12,)) == [0, 12]


def test_one_picture_is_a_shot() -> None:
    assert _cuts([_view(_scene(3), 0, 0)]) == [0]
