"""The engine's 3-D sampling is PyTorch's."""

import numpy as np
import pytest
import torch

from openvasa.engine.warp3d import sample_volume


@pytest.mark.parametrize("shape", [(4, 6, 5, 3), (16, 32, 32, 9), (1, 1, 1, 2)])
def test_agrees_with_grid_sample(shape) -> None:
    rng = np.random.default_rng(0)
    volume = rng.standard_normal(shape, dtype=np.float32)
    at = rng.uniform(-1.6, 1.6, (3, 7, 8, 3)).astype(np.float32)
    expected = torch.nn.functional.grid_sample(
        torch.from_numpy(volume.transpose(3, 0, 1, 2)[None].copy()), torch.from_numpy(at[None]),
        padding_mode="border", align_corners=False,
    )  # fmt: skip
    ours = sample_volume(volume, at)
    assert ours.shape == (shape[3], 3, 7, 8) and ours.dtype == np.float32
    assert np.abs(ours - expected[0].numpy()).max() <= 1e-4


def test_voxel_centers_are_exact() -> None:
    volume = np.arange(24, dtype=np.float32).reshape(2, 3, 4, 1)
    axes = [(2 * np.arange(n) + 1) / n - 1 for n in (2, 3, 4)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij")[::-1], -1).astype(np.float32)
    assert np.allclose(sample_volume(volume, grid)[0], volume[..., 0], atol=1e-5)


def test_not_a_number_reads_no_foreign_memory() -> None:
    volume = np.ones((2, 2, 2, 1), np.float32)
    sample_volume(volume, np.full((1, 1, 1, 3), np.nan, np.float32))
    sample_volume(volume, np.full((1, 1, 1, 3), np.inf, np.float32))
