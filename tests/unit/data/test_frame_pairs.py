"""Pairs of frames from a pool of generated people."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import binary_dilation

from openvasa.data.frame_pairs import PARTED, FramePairs, Pool, load_pool, save_pool
from openvasa.data.toy_head import toy_basis, toy_pool
from openvasa.types import EXPRESSION_DIM, InputError

SIZE = 48


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Pool:
    return toy_pool(tmp_path_factory.mktemp("toy"), toy_basis(), people=4, size=64)


@pytest.fixture(scope="module")
def pairs(pool: Pool) -> FramePairs:
    return FramePairs(pool, toy_basis(), SIZE)


def test_a_pair_is_complete_and_repeatable(pairs: FramePairs) -> None:
    first, again, other = pairs.pair(0, 3), pairs.pair(0, 3), pairs.pair(1, 3)
    shapes = {
        "source_image": (3, SIZE, SIZE), "target_image": (3, SIZE, SIZE),
        "source_points": (478, 3), "target_points": (478, 3), "source_pose": (6,),
        "target_pose": (6,), "source_expression": (EXPRESSION_DIM,),
        "target_expression": (EXPRESSION_DIM,), "flow": (2, SIZE, SIZE), "hole": (SIZE, SIZE),
        "drawn": (3, SIZE, SIZE), "group": (), "exact": (),
    }  # fmt: skip
    assert {k: v.shape for k, v in first.items()} == shapes
    assert all(np.array_equal(first[k], again[k]) for k in first)
    assert not np.array_equal(first["target_pose"], other["target_pose"])
    assert 0 <= first["target_image"].min() and first["target_image"].max() <= 1


def test_the_flow_leads_from_target_to_source(pairs: FramePairs) -> None:
    """Read through the flow, the source resembles the target more than it does as it is."""
    still, moved = [], []
    for number in range(12):
        pair = pairs.pair(5, number)
        x, y = np.clip(((pair["flow"] + 1) * SIZE / 2 - 0.5).round().astype(int), 0, SIZE - 1)
        shown = pair["hole"] == 0
        source, target = pair["source_image"], pair["target_image"]
        moved.append(np.abs(source[:, y, x] - target)[:, shown].mean())
        still.append(np.abs(source - target)[:, shown].mean())
    assert np.mean(moved) < 0.6 * np.mean(still)


def test_real_pairs_are_two_frames_of_one_person(pool: Pool) -> None:
    real = FramePairs(pool, toy_basis(), SIZE, real=1.0)
    made = FramePairs(pool, toy_basis(), SIZE, real=0.0)
    assert {float(real.pair(0, n)["exact"]) for n in range(4)} == {0.0}
    assert {float(made.pair(0, n)["exact"]) for n in range(4)} == {1.0}


def test_batches_stack_pairs(pairs: FramePairs) -> None:
    batch = pairs.batch(0, 2, 3)
    assert batch["flow"].shape == (3, 2, SIZE, SIZE)
    np.testing.assert_array_equal(batch["flow"][1], pairs.pair(0, 7)["flow"])


def test_points_batches_start_from_the_portraits_own_expression(pairs: FramePairs) -> None:
    batch = pairs.points_batch(0, 0, 6)
    assert batch["free_source"].shape == batch["free_target"].shape == (6, 478, 3)
    rows = np.random.default_rng([0, 0, 1]).choice(pairs.photos, 6)
    own = pairs.pool.expression[rows[:2]]
    np.testing.assert_allclose(batch["free_source_expression"][:2], own, atol=1e-6)


def test_parted_pairs_teach_open_mouths_and_show_them_seldom(pool: Pool) -> None:
    parted = FramePairs(pool, toy_basis(), SIZE, real=1.0, parted=True)
    rng = np.random.default_rng(0)
    groups = [group for group in parted.groups for _ in range(20)]
    source, target = np.array([parted._parted(rng, group) for group in groups]).T
    assert (parted.gap[target] > PARTED).all() and (source != target).all()
    assert parted.gap[source].mean() < parted.gap[target].mean()
    pair = parted.pair(0, 0)
    hole, drawn = pair["hole"] > 0, pair["drawn"].any(axis=0)
    assert hole.any() and drawn.any()
    # At this size the hole is five pixels, fewer than its teeth are off.
    assert not drawn[~binary_dilation(hole, iterations=6)].any()


def test_a_pool_survives_its_file(pool: Pool, tmp_path: Path) -> None:
    save_pool(tmp_path / "pool.npz", pool)
    again = load_pool(tmp_path / "pool.npz")
    assert again.files.tolist() == pool.files.tolist()
    np.testing.assert_array_equal(again.landmarks, pool.landmarks)


def test_a_lost_picture_is_a_clear_error(pool: Pool) -> None:
    gone = Pool(np.array(["nowhere.png"]), *(getattr(pool, k)[:1] for k in (
        "group", "real", "canonical", "pose", "expression", "landmarks")))  # fmt: skip
    with pytest.raises(InputError, match="nowhere.png"):
        FramePairs(gone, toy_basis()).crop(0)
