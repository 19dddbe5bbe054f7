"""Which triangle each pixel shows: a z-buffer in torch, the same code on a CPU and a GPU.

Every triangle proposes the pixels of its bounding box; those inside compete by depth in one
scattered maximum. No loops, so that one call draws a batch; the maximum does not depend on order,
so that the result is the same in every run. Knows nothing of heads.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

EMPTY = -1  # face index of a pixel that no triangle covers
FLAT = 1e-6  # px^2: thinner triangles are seen edge-on and cover nothing
EDGE = 1e-5  # of a triangle: pixels this far outside still count, so that no seam stays open


class Fragments(NamedTuple):
    """What each pixel of [B, S, S] shows.

    Attributes:
        face: i64 [B, S, S], the triangle's index, `EMPTY` where there is none.
        weights: f32 [B, S, S, 3], barycentric coordinates, 0 where there is none.
        depth: f32 [B, S, S], interpolated depth, nearer is larger, -inf where there is none.
    """

    face: Tensor
    weights: Tensor
    depth: Tensor


def rasterize(
    xy: Tensor, depth: Tensor, triangles: Tensor, size: int, behind: Tensor | None = None
) -> Fragments:
    """Draw a batch of posed meshes that share their triangles.

    Args:
        xy: f32 [B, V, 2], pixel positions; pixel centers lie on whole numbers.
        depth: f32 [B, V], nearer is larger.
        triangles: i64 [F, 3].
        size: Side S of the pictures in pixels.
        behind: f32 [F], taken off a triangle's depth when it competes; layers by draw order.

    Returns:
        The winners; of equally near triangles the one with the smallest index.
    """
    pictures, count = len(xy), len(triangles)
    planes, left, top, wide, boxes = _set_up(xy, depth, triangles, size)
    owner = torch.repeat_interleave(torch.arange(len(boxes), device=xy.device), boxes)
    place = torch.arange(len(owner), device=xy.device) - (boxes.cumsum(0) - boxes)[owner]
    across = wide[owner]
    dy = torch.div(place, across, rounding_mode="floor")
    dx = place - dy * across
    at = _evaluate(planes.index_select(0, owner), dx, dy)
    u, v = at[:, 0], at[:, 1]
    inside = (u >= -EDGE) & (v >= -EDGE) & (1 - u - v >= -EDGE)
    owner, near = owner[inside], at[inside, 2]
    face = owner % count
    if behind is not None:
        near = near - behind[face]
    pixel = (top[owner] + dy[inside]) * size + left[owner] + dx[inside]
    pixel = pixel + (owner // count) * size * size
    key = (_ordered(near) << 32) | (0x7FFFFFFF - face)
    best = torch.full((pictures * size * size,), torch.iinfo(torch.int64).min, device=xy.device)
    best = best.scatter_reduce(0, pixel, key, "amax")
    return _read(best, planes, left, top, count, (pictures, size, size))


def _set_up(
    xy: Tensor, depth: Tensor, triangles: Tensor, size: int
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Planes of (u, v, depth) [T, 3, 3] from each box's corner; left, top, width, area [T]."""
    corner = xy[:, triangles].flatten(0, 1)  # [T, 3, 2]
    z = depth[:, triangles].flatten(0, 1)
    low = corner.amin(1).ceil().clamp(min=0)
    high = corner.amax(1).floor().clamp(max=size - 1)
    span = (high - low + 1).clamp(min=0).nan_to_num(0.0).long()
    a, b, c = (corner - low[:, None]).unbind(1)  # relative: whole pictures would cost digits
    area = _cross(b - a, c - a)
    boxes = span[:, 0] * span[:, 1] * (area.abs() > FLAT)
    unit = torch.where(area.abs() > FLAT, area, 1.0)[:, None]
    u = torch.stack([_cross(b, c), b[:, 1] - c[:, 1], c[:, 0] - b[:, 0]], 1) / unit
    v = torch.stack([_cross(c, a), c[:, 1] - a[:, 1], a[:, 0] - c[:, 0]], 1) / unit
    rest = torch.zeros_like(u)
    rest[:, 0] = z[:, 2]
    planes = torch.stack(
        [u, v, rest + (z[:, 0] - z[:, 2])[:, None] * u + (z[:, 1] - z[:, 2])[:, None] * v], 1
    )
    return planes, low[:, 0].long(), low[:, 1].long(), span[:, 0].clamp(min=1), boxes


def _evaluate(planes: Tensor, dx: Tensor, dy: Tensor) -> Tensor:
    """(u, v, depth) [N, 3] at (dx, dy) pixels from the corner of the triangle's box."""
    return planes[..., 0] + planes[..., 1] * dx[:, None] + planes[..., 2] * dy[:, None]


def _read(
    best: Tensor, planes: Tensor, left: Tensor, top: Tensor, count: int, shape: tuple[int, int, int]
) -> Fragments:
    pictures, size, _ = shape
    empty = best == torch.iinfo(torch.int64).min
    face = torch.where(empty, 0, 0x7FFFFFFF - (best & 0xFFFFFFFF))
    pixel = torch.arange(len(best), device=best.device)
    owner = face + count * (pixel // (size * size))
    dx, dy = pixel % size - left[owner], pixel // size % size - top[owner]
    at = _evaluate(planes.index_select(0, owner), dx, dy)
    weights = torch.stack([at[:, 0], at[:, 1], 1 - at[:, 0] - at[:, 1]], 1)
    return Fragments(
        torch.where(empty, EMPTY, face).view(shape),
        torch.where(empty[:, None], 0.0, weights).view(*shape, 3),
        torch.where(empty, float("-inf"), at[:, 2]).view(shape),
    )


def interpolate(fragments: Fragments, triangles: Tensor, values: Tensor) -> Tensor:
    """Values at vertices -> values at pixels.

    Args:
        fragments: From `rasterize`.
        triangles: i64 [F, 3].
        values: f32 [B, V, K], or [1, V, K] alike in all pictures.

    Returns:
        f32 [B, S, S, K], 0 where there is no triangle.
    """
    pictures, vertices = len(fragments.face), values.shape[1]
    corner = triangles[fragments.face.clamp(min=0)]  # [B, S, S, 3]
    if len(values) > 1:
        offset = torch.arange(pictures, device=values.device) * vertices
        corner = corner + offset[:, None, None, None]
    flat = values.reshape(-1, values.shape[-1])
    weights = fragments.weights.flatten(0, 2)
    corner = corner.flatten(0, 2)
    total = flat.index_select(0, corner[:, 0]) * weights[:, :1]
    for k in (1, 2):
        total.addcmul_(flat.index_select(0, corner[:, k]), weights[:, k : k + 1])
    return total.view(*fragments.face.shape, -1)


def _cross(a: Tensor, b: Tensor) -> Tensor:
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]


def _ordered(value: Tensor) -> Tensor:
    """Floats as integers [i64] of the same order."""
    bits = value.contiguous().view(torch.int32).long()
    return torch.where(bits < 0, -(bits & 0x7FFFFFFF), bits)
