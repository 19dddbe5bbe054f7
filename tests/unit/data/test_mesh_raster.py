"""The z-buffer in torch: known pictures, order, and the numba twin."""

from __future__ import annotations

import numpy as np
import torch

from openvasa.data.mesh_raster import EMPTY, interpolate, rasterize
from openvasa.latent.raster import raster

SIZE = 40


def soup(seed: int, triangles: int = 30) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Random triangles that reach past the picture."""
    rng = np.random.default_rng(seed)
    xy = torch.from_numpy(rng.uniform(-8, SIZE + 8, (1, 3 * triangles, 2)).astype(np.float32))
    depth = torch.from_numpy(rng.normal(size=(1, 3 * triangles)).astype(np.float32))
    return xy, depth, torch.arange(3 * triangles).view(-1, 3)


def test_a_known_triangle_covers_the_pixels_inside_it() -> None:
    xy = torch.tensor([[[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]]])
    seen = rasterize(xy, torch.tensor([[1.0, 5.0, 9.0]]), torch.tensor([[0, 1, 2]]), 6)
    x, y = torch.meshgrid(torch.arange(6), torch.arange(6), indexing="xy")
    torch.testing.assert_close(seen.face[0] == 0, x + y <= 4)
    inside = seen.face[0] == 0
    torch.testing.assert_close(seen.depth[0][inside], (1.0 + x + 2 * y)[inside])
    torch.testing.assert_close(seen.weights[0, 1, 2], torch.tensor([0.25, 0.5, 0.25]))
    assert (seen.face[0][~inside] == EMPTY).all() and (seen.weights[0][~inside] == 0).all()
    assert torch.isneginf(seen.depth[0][~inside]).all()


def test_the_nearer_triangle_wins_whatever_the_order() -> None:
    square = torch.tensor([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]])
    xy = torch.cat([square, square])[None]
    triangles = torch.tensor([[0, 1, 2], [3, 4, 5]])
    for near, winner in (([1.0] * 3 + [2.0] * 3, 1), ([2.0] * 3 + [1.0] * 3, 0)):
        seen = rasterize(xy, torch.tensor([near]), triangles, 8)
        assert set(seen.face.unique().tolist()) <= {EMPTY, winner}
    behind = rasterize(
        xy, torch.tensor([[1.0] * 3 + [2.0] * 3]), triangles, 8, torch.tensor([0.0, 5.0])
    )
    assert 1 not in behind.face and behind.depth.max() == 1.0


def test_triangles_that_cross_swap_where_they_cross() -> None:
    corner = torch.tensor([[-1.0, -1.0], [30.0, -1.0], [-1.0, 30.0]])
    rising, level = corner[:, 0].clone(), torch.full((3,), 3.5)
    seen = rasterize(torch.cat([corner, corner])[None], torch.cat([rising, level])[None],
                     torch.tensor([[0, 1, 2], [3, 4, 5]]), 8)  # fmt: skip
    torch.testing.assert_close(seen.face[0] == 0, (torch.arange(8) > 3.5).expand(8, 8))


def test_equal_depths_and_repeats_always_give_the_same_answer() -> None:
    xy, depth, triangles = soup(1)
    twice = torch.cat([triangles, triangles])
    first, again = (rasterize(xy, depth, twice, SIZE) for _ in range(2))
    assert first.face.max() < len(triangles)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))


def test_it_agrees_with_the_numba_raster() -> None:
    for seed in range(5):
        xy, depth, triangles = soup(seed)
        seen = rasterize(xy, depth, triangles, SIZE)
        zbuf, label = np.full((SIZE, SIZE), -1e9), np.zeros((SIZE, SIZE), np.int8)
        out = np.zeros((SIZE, SIZE, 2))
        position = xy[0].double().numpy()
        raster(position, depth[0].double().numpy(), position, triangles.numpy(), 1, zbuf, out,
               label)  # fmt: skip
        both = (seen.face[0] != EMPTY).numpy()
        assert (both == (label == 1)).mean() > 0.999
        both &= label == 1
        np.testing.assert_allclose(seen.depth[0].numpy()[both], zbuf[both], atol=1e-3)
        mine = interpolate(seen, triangles, xy)[0].numpy()
        np.testing.assert_allclose(mine[both], out[both], atol=1e-2)


def test_a_batch_is_its_pictures_one_by_one() -> None:
    scenes = [soup(seed) for seed in range(3)]
    triangles = scenes[0][2]
    xy, depth = (torch.cat([s[k] for s in scenes]) for k in (0, 1))
    batch = rasterize(xy, depth, triangles, SIZE)
    values = interpolate(batch, triangles, xy)
    for k in range(3):
        single = rasterize(xy[k : k + 1], depth[k : k + 1], triangles, SIZE)
        assert all(torch.equal(a[0], b[k]) for a, b in zip(single, batch, strict=True))
        assert torch.equal(interpolate(single, triangles, xy[k : k + 1])[0], values[k])


def test_edge_on_and_unknown_triangles_are_left_out() -> None:
    xy = torch.tensor([[[0.0, 0.0], [4.0, 4.0], [2.0, 2.0], [float("nan"), 1.0]]])
    seen = rasterize(xy, torch.zeros(1, 4), torch.tensor([[0, 1, 2], [0, 1, 3]]), 6)
    assert (seen.face == EMPTY).all()
