"""Rendered heads in a store: complete, resumable, drawn again bit for bit."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from openvasa.data.head import fit, save_basis
from openvasa.data.head_truth import TruthRenderer
from openvasa.data.heads import (
    DISTANCE,
    PITCH,
    ROLL,
    YAW,
    draw_recipe,
    held_out,
    main,
    redraw,
    to_bytes,
)
from openvasa.data.store import Store
from openvasa.data.toy_head import toy_basis, toy_landmarks, toy_portrait
from openvasa.types import InputError

BASIS = toy_basis()
PEOPLE, VIEWS, SIZE = 2, 3, 48


@pytest.fixture(scope="module")
def portraits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A labeled collection of made-up people, and the basis beside it."""
    folder = tmp_path_factory.mktemp("portraits")
    (folder / "faker" / "crops").mkdir(parents=True)
    renderer = TruthRenderer(BASIS)
    landmarks = []
    for k in range(PEOPLE):
        landmarks.append(toy_landmarks(BASIS, np.random.default_rng(k)))
        head = fit(BASIS, landmarks[-1].astype(np.float64))
        picture = toy_portrait(renderer.scene, head, 96, k)
        cv2.imwrite(str(folder / "faker" / "crops" / f"p{k}.jpg"), picture[:, :, ::-1])
    np.savez(
        folder / "faker" / "index.npz", names=np.array(["p0", "p1"]), person=np.array(["a", "b"]),
        split=np.array(["train", "eval"]), landmarks=np.stack(landmarks),
        valid=np.array([[-1.0, -1, 1, 0.8]] * PEOPLE, np.float32),
    )  # fmt: skip
    save_basis(folder / "head.safetensors", {k: v for k, v in vars(BASIS).items()
                                             if isinstance(v, np.ndarray)})  # fmt: skip
    return folder


def command(portraits: Path, store: Path, *more: str) -> int:
    return main(["--portraits", str(portraits), "--basis", str(portraits / "head.safetensors"),
                 "-o", str(store), "--views", str(VIEWS), "--size", str(SIZE), *more])  # fmt: skip


@pytest.fixture(scope="module")
def store(portraits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store") / "store"
    assert command(portraits, folder) == 0
    return folder


def test_every_portrait_is_a_sample(store: Path) -> None:
    keys = Store(store).keys("head")
    assert keys == ["faker-p0-0", "faker-p1-0"]
    sample = Store(store).read("faker-p1-0")
    assert sample.about["split"] == "eval" and sample.about["licence"] == "CC0-1.0"
    shapes = {k: v.shape for k, v in sample.arrays.items() if k not in ("jpeg", "offsets")}
    assert shapes == {"pose": (VIEWS, 6), "expression": (VIEWS, 45), "light": (VIEWS, 9, 3),
                      "landmarks": (VIEWS, 478, 3), "gaze": (VIEWS, 2),
                      "distance": (VIEWS,)}  # fmt: skip
    looking = sample.arrays["pose"][:, :2] + sample.arrays["expression"][:, -2:]
    np.testing.assert_allclose(np.deg2rad(sample.arrays["gaze"]), looking, atol=1e-6)


def test_a_sample_is_drawn_again_bit_for_bit(portraits: Path, store: Path) -> None:
    sample = Store(store).read("faker-p0-0")
    renderer = TruthRenderer(BASIS)
    first, again = redraw(sample, portraits, renderer), redraw(sample, portraits, renderer)
    for name in ("image", "depth", "surface", "segments", "matte"):
        assert torch.equal(getattr(first, name), getattr(again, name))
    assert all(torch.equal(a, b) for a, b in zip(renderer.flow(first, 1, 0),
                                                 renderer.flow(again, 1, 0),
                                                 strict=True))  # fmt: skip
    np.testing.assert_array_equal(first.landmarks, sample.arrays["landmarks"])
    offsets, blob = sample.arrays["offsets"], sample.arrays["jpeg"]
    for k, picture in enumerate(to_bytes(first)):
        stored = cv2.imdecode(blob[offsets[k] : offsets[k + 1]], cv2.IMREAD_COLOR)[:, :, ::-1]
        assert np.abs(stored.astype(int) - picture).mean() < 3  # but for JPEG
    repeated = Store(store).read("faker-p0-0")
    np.testing.assert_array_equal(repeated.arrays["jpeg"], blob)


def test_made_again_elsewhere_the_pictures_are_the_same(
    portraits: Path, store: Path, tmp_path: Path
) -> None:
    assert command(portraits, tmp_path / "store", "--limit", "1") == 0
    one, other = (Store(s).read("faker-p0-0") for s in (store, tmp_path / "store"))
    assert all(np.array_equal(one.arrays[k], other.arrays[k]) for k in one.arrays)


def test_what_is_done_is_not_done_again(
    portraits: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(portraits, store) == 0
    assert capsys.readouterr().out.startswith("0 pictures")
    assert len(Store(store).keys("head")) == PEOPLE


def test_a_portrait_that_cannot_be_read_is_dropped_with_its_reason(
    portraits: Path, tmp_path: Path
) -> None:
    shutil.copytree(portraits, tmp_path / "broken")
    (tmp_path / "broken" / "faker" / "crops" / "p0.jpg").write_bytes(b"no picture")
    assert command(tmp_path / "broken", tmp_path / "store") == 0
    assert Store(tmp_path / "store").keys("head") == ["faker-p1-0"]
    lines = map(json.loads, (tmp_path / "store" / "manifest.jsonl").read_text().splitlines())
    (dropped,) = (x for x in lines if x["status"] == "dropped")
    assert dropped["source"] == "faker/p0" and dropped["reason"]


def test_recipes_reach_the_whole_range() -> None:
    head = fit(BASIS, toy_landmarks(BASIS, np.random.default_rng(3)).astype(np.float64))
    recipe = draw_recipe(head, np.ones((9, 3)), [0], 400)
    limits = np.array([YAW, PITCH, ROLL])
    assert (np.abs(recipe.pose[:, :3]) <= limits + 1e-6).all()
    assert (np.abs(recipe.pose[:, :3]).max(0) > 0.95 * limits).all()
    assert np.abs(recipe.pose[:, 5] - head.pose[5]).max() <= DISTANCE + 1e-6
    again = draw_recipe(head, np.ones((9, 3)), [0], 400)
    assert np.array_equal(recipe.light, again.light)


def test_a_changed_portrait_is_a_clear_error(portraits: Path, store: Path) -> None:
    sample = Store(store).read("faker-p0-0")
    changed = sample._replace(about={**sample.about, "crop_sha256": "0"})
    with pytest.raises(InputError, match="changed"):
        redraw(changed, portraits, TruthRenderer(BASIS))


def test_an_empty_folder_is_a_clear_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--portraits", str(tmp_path), "-o", str(tmp_path / "store")]) == 2
    assert "openvasa.data.portraits" in capsys.readouterr().err


def test_only_held_out_people_are_evaluated_with(portraits: Path, tmp_path: Path) -> None:
    assert held_out(portraits) == [("faker", 1)]
    with pytest.raises(InputError, match="no held-out people"):
        held_out(tmp_path)
