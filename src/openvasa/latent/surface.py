"""The face's surface: control points that carry the portrait's pixels to a new pose (numpy only).

468 face points and 10 iris points move; a sheet around them follows the skull near the face and
rests at the border of the crop, so that hair moves with the head, the neck gives way and the
background stays. Rasterizing the moved triangles gives for every pixel where the portrait shows
it. Points are in crop units with y UP and z toward the camera; flows are in the image convention.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from openvasa.latent.raster import inside, pixels, raster

FLIP = np.array([1.0, -1.0, -1.0])  # image convention (y down, z away negative) <-> this room
POINTS = 478
IRIS = (468, 473)  # first of five points an eye: center and ring
OVAL = np.array([10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378,
                 400, 377, 152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54,
                 103, 67, 109])  # fmt: skip
# Four rows of points over each lip, from the inner rim to the outer, in image order.
UPPER_LIP = np.array([[191, 80, 81, 82, 13, 312, 311, 310, 415],
                      [183, 42, 41, 38, 12, 268, 271, 272, 407],
                      [184, 74, 73, 72, 11, 302, 303, 304, 408],
                      [185, 40, 39, 37, 0, 267, 269, 270, 409]])  # fmt: skip
LOWER_LIP = np.array([[95, 88, 178, 87, 14, 317, 402, 318, 324],
                      [96, 89, 179, 86, 15, 316, 403, 319, 325],
                      [77, 90, 180, 85, 16, 315, 404, 320, 307],
                      [146, 91, 181, 84, 17, 314, 405, 321, 375]])  # fmt: skip
LIP_POINTS = np.array([61, 78, 291, 308, *UPPER_LIP.ravel(), *LOWER_LIP.ravel()])  # all of both
INNER_UPPER, INNER_LOWER = UPPER_LIP[0], LOWER_LIP[0]
INNER_LIPS = np.array([78, *INNER_UPPER, 308, *INNER_LOWER[::-1]])
LIPS = np.array([61, 291, 13, 14])  # corners and middles: where the mouth is
CHIN = np.array([148, 152, 377])
# Lid contours in image order (left of the image first).
EYES = (
    np.array([33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7]),
    np.array([362, 398, 384, 385, 386, 387, 388, 466, 263, 249, 390, 373, 374, 380, 381, 382]),
)
# Points that expressions hardly move: eye corners, nose, forehead, temples.
STABLE = np.array([33, 133, 362, 263, 168, 6, 197, 195, 5, 4, 1, 10, 151, 9, 8, 234, 454, 127,
                   356, 21, 251, 54, 284])  # fmt: skip
# Upper and lower lid of the same eyes, point by point.
LIDS = (
    (np.array([246, 161, 160, 159, 158, 157, 173]), np.array([7, 163, 144, 145, 153, 154, 155])),
    (np.array([398, 384, 385, 386, 387, 388, 466]), np.array([382, 381, 380, 374, 373, 390, 249])),
)
# The next row of points above each upper lid.
FOLDS = (
    np.array([247, 30, 29, 27, 28, 56, 190]),
    np.array([414, 286, 258, 257, 259, 260, 467]),
)
FOLLOWS = 0.85  # how far the fold goes with a shut lid: else lashes are drawn out like an iris
OVERLAP = 0.15  # of the portrait's own opening, by which a shut upper lid covers the lower one
SHUT, NARROW = 0.25, 0.55  # of the portrait's own opening: lids nearer than this meet
TOUCH, PART = 0.004, 0.012  # crop units: inner lips nearer than this meet, wider are as they are
SHEET, SKIN, MOUTH, EYE = 0, 1, 2, 3  # labels of pixels
GRID = 33  # sheet vertices along a side of the crop
RIM = 8  # and this many more beyond each border, where a matte lets them move
BEHIND = 0.4  # crop units beside the face where its outline lies as deep as the ears
LIP_EDGE = np.array([91, 181, 84, 17, 314, 405, 321])  # lower rim of the lower lip
BELOW_LIP = np.array([106, 182, 83, 18, 313, 406, 335])  # the skin right below
CRUSHED = 0.4  # of the portrait's own distance between these two: less folds the skin over
EYEBALL_REACH = 1.25  # the eyeball's sheet, relative to the lids' opening


Similarity = tuple[float, np.ndarray, np.ndarray]  # scale, rotation [3, 3], shift [3]


@dataclass(frozen=True)
class Topology:
    """Triangles over the control points (indices into the 478 points)."""

    skin: np.ndarray  # [F, 3]
    mouth: np.ndarray  # [F, 3] the opening between the lips
    eyes: np.ndarray  # [F, 3] the openings between the lids
    eyeballs: np.ndarray  # [2, F, 3] indices into (5 iris points, 16 contour points)


def rotation_from(pose: np.ndarray) -> np.ndarray:
    """Rotation [3, 3] of (yaw, pitch, roll): R = Roll @ Pitch @ Yaw in y-up coordinates.

    yaw > 0 turns the nose to the image's right, pitch > 0 up, roll > 0 clockwise in the image.
    """
    yaw, pitch, roll = (float(v) for v in pose[:3])
    cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    cr, sr = np.cos(roll), np.sin(roll)
    turn = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    nod = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    tilt = np.array([[cr, sr, 0], [-sr, cr, 0], [0, 0, 1]])
    return tilt @ nod @ turn


def transform(points: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """Canonical points [N, 3] placed by z_pose [6]."""
    shift = np.array([pose[3], -pose[4], 0.0])
    return np.exp(pose[5]) * points @ rotation_from(pose).T + shift


def to_canonical(points: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """Inverse of `transform`."""
    shift = np.array([pose[3], -pose[4], 0.0])
    return (points - shift) @ rotation_from(pose) / np.exp(pose[5])


def rigid_fit(a: np.ndarray, b: np.ndarray) -> Similarity:
    """The similarity with b ~ scale * a @ rotation.T + shift in least squares (Umeyama 1991)."""
    mean_a, mean_b = a.mean(0), b.mean(0)
    a0, b0 = a - mean_a, b - mean_b
    u, s, vt = np.linalg.svd(b0.T @ a0)
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = (u * sign) @ vt
    scale = float((s * sign).sum() / (a0**2).sum())
    return scale, rotation, mean_b - scale * rotation @ mean_a


def pose_of(place: Similarity) -> np.ndarray:
    """The z_pose f32 [6] of a similarity from `rigid_fit`; inverse of `rotation_from`."""
    scale, rotation, shift = place
    yaw = np.arctan2(-rotation[2, 0], rotation[2, 2])
    pitch = np.arcsin(np.clip(-rotation[2, 1], -1, 1))
    roll = np.arctan2(rotation[0, 1], rotation[1, 1])
    return np.array([yaw, pitch, roll, shift[0], -shift[1], np.log(scale)], np.float32)


def smooth(x: np.ndarray) -> np.ndarray:
    """Smoothstep of x clipped to [0, 1]."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def _grid(rim: int = 0) -> tuple[np.ndarray, np.ndarray]:
    count = GRID + 2 * rim
    side = np.linspace(-1, 1, GRID)[1] + 1  # between two vertices
    side = (np.arange(count) - (count - 1) / 2) * side
    gx, gy = np.meshgrid(side, -side)
    index = np.arange(count * count).reshape(count, count)
    a, b, c, d = (q.ravel() for q in (index[:-1, :-1], index[:-1, 1:], index[1:, :-1],
                                      index[1:, 1:]))  # fmt: skip
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([b, d, c], 1)])
    return np.stack([gx.ravel(), gy.ravel()], 1), triangles


class PortraitSurface:
    """One portrait's surface, ready to be moved."""

    def __init__(self, topology: Topology, points: np.ndarray, pose: np.ndarray,
                 matte: np.ndarray | None = None) -> None:  # fmt: skip
        """Work out how the sheet follows the face.

        Args:
            topology: Triangles.
            points: The portrait's control points [478, 3] in its own view (y up; see `shallow`).
            pose: The portrait's z_pose [6].
            matte: [n, n] in [0, 1], where the crop shows the person: hair and hats then follow the
                head to their ends, for the background behind them rests. None: the sheet carries
                the background too, and must give way.
        """
        self.topology = topology
        self.points = points.astype(np.float64)
        self.pose = pose.astype(np.float64)
        self.canonical = to_canonical(self.points, self.pose)
        self.grid, self.triangles = _grid(0 if matte is None else RIM)
        oval = self.points[OVAL]
        apart = np.linalg.norm(self.grid[:, None] - oval[None, :, :2], axis=2)
        weight = 1.0 / (apart**3 + 1e-4)
        self.weight = weight / weight.sum(1, keepdims=True)
        depth = self.weight @ oval[:, 2]
        distance = np.where(inside(self.grid, oval[:, :2]), 0.0, apart.min(1))
        below = np.clip((self.points[152, 1] + 0.1 - self.grid[:, 1]) / 0.35, 0, 1)
        start, reach = 0.20 * (1 - below), 0.62 - 0.22 * below
        border = smooth((1 - np.abs(self.grid).max(1)) / 0.22)
        if matte is not None:
            chin, brow = self.points[152, 1], self.points[9, 1]
            free = 1.5 * smooth((self.grid[:, 1] - chin) / (brow - chin))  # above the shoulders
            start, reach = start + free, reach + free
            border = np.maximum(border, 1 - _at_border(self.grid, matte))
            depth *= 1 - smooth(distance / BEHIND)
        self.sheet = to_canonical(np.concatenate([self.grid, depth[:, None]], 1), self.pose)
        fade = (1 - smooth((distance - start) / (reach - start))) * border
        self.fade = fade[:, None]
        self.near = (np.exp(-((distance / 0.18) ** 2)) * border)[:, None]

    def move(
        self, target: np.ndarray, pose: np.ndarray, size: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Backward flow f32 [size, size, 2] and labels i8 [size, size] onto moved points.

        Args:
            target: The control points [478, 3] in the target's view.
            pose: The target's z_pose [6].
            size: Side of the result in pixels.
        """
        target = self.unfolded(close_lips(self.shut_lids(target, pose)))
        zbuf = np.full((size, size), -1e9)
        down = np.array([1.0, -1.0])
        flow = np.stack(np.meshgrid(*[(2 * np.arange(size) + 1) / size - 1] * 2), -1)
        label = np.zeros((size, size), np.int8)
        moved = self.grid + self.sheet_motion(target, pose)
        far = np.full(len(moved), -1e3)
        raster(pixels(moved, size), far, self.grid * down, self.triangles, SHEET, zbuf, flow,
               label)  # fmt: skip
        xy, uv = pixels(target, size), self.points[:, :2] * down
        for name, value in (("skin", SKIN), ("mouth", MOUTH), ("eyes", EYE)):
            triangles = getattr(self.topology, name)
            raster(xy, target[:, 2], uv, triangles, value, zbuf, flow, label)
        self._eyeballs(target, pose, size, flow, label)
        return flow.astype(np.float32), label

    def shut_lids(self, target: np.ndarray, pose: np.ndarray) -> np.ndarray:
        """Lids that nearly meet, meet: a blink that leaves a slit reads as a squint.

        Opened at least `NARROW` of the portrait's own opening, they are left as they are.
        """
        target, own = target.copy(), transform(self.canonical, pose)
        for (upper, lower), fold in zip(LIDS, FOLDS, strict=True):
            gap, apart = target[upper] - target[lower], own[upper] - own[lower]
            opening = np.linalg.norm(gap, axis=1).mean()
            opening /= np.linalg.norm(apart, axis=1).mean() + 1e-9
            if opening < NARROW:
                left = smooth((opening - SHUT) / (NARROW - SHUT))  # 1 open, 0 shut
                target[upper] -= gap * (1 - NARROW * left / max(opening, 1e-9))
                target[upper] -= OVERLAP * (1 - left) * apart
                target[upper, 2] += 0.05 * (1 - left)  # in front of the lower lid
                edge, behind = target[upper] - own[upper], target[fold] - own[fold]
                target[fold] += (1 - left) * FOLLOWS * (edge - behind)
        return target

    def unfolded(self, target: np.ndarray) -> np.ndarray:
        """Skin below the lower lip gives way before a lip that sinks, and does not fold over it."""
        down = self.points[BELOW_LIP, :2] - self.points[LIP_EDGE, :2]
        own = np.linalg.norm(down, axis=1, keepdims=True) + 1e-9
        gap = (target[BELOW_LIP, :2] - target[LIP_EDGE, :2]) * (down / own)
        lacking = np.maximum(CRUSHED * own - gap.sum(1, keepdims=True), 0)
        target[BELOW_LIP, :2] += lacking * down / own
        return target

    def sheet_motion(self, target: np.ndarray, pose: np.ndarray) -> np.ndarray:
        """Displacement of the sheet's vertices [N, 2]: rigid near the skull, none at the border."""
        rigid = transform(self.sheet, pose)[:, :2] - self.grid
        stiff = transform(self.canonical[OVAL], pose)[:, :2]
        residual = self.weight @ (target[OVAL, :2] - stiff)
        return rigid * self.fade + residual * self.near

    def _eyeballs(self, target: np.ndarray, pose: np.ndarray, size: int, flow: np.ndarray,
                  label: np.ndarray) -> None:  # fmt: skip
        """Inside the lids the eyeball's own surface shows, whatever the lids do."""
        down = np.array([1.0, -1.0])
        for k, (contour, iris) in enumerate(zip(EYES, IRIS, strict=True)):
            base = transform(self.canonical[contour], pose)[:, :2]
            own = self.points[contour, :2]
            ring = np.arange(iris, iris + 5)
            moved = np.concatenate([target[ring, :2], _widen(base)])
            uv = np.concatenate([self.points[ring, :2], _widen(own)]) * down
            buffer, zbuf = np.zeros((size, size, 2)), np.full((size, size), -1e9)
            hit = np.zeros((size, size), np.int8)
            raster(pixels(moved, size), np.zeros(len(moved)), uv, self.topology.eyeballs[k], 1,
                   zbuf, buffer, hit)  # fmt: skip
            use = (hit == 1) & (label == EYE)
            flow[use] = buffer[use]


def close_lips(points: np.ndarray) -> np.ndarray:
    """Inner lips that nearly meet or cross, meet: slits of a pixel flicker, folds tear.

    The rest of each lip gives way, less toward its outer rim.

    Args:
        points: [478, 3] control points, y up.
    """
    points = points.copy()
    upper, lower = points[INNER_UPPER], points[INNER_LOWER]
    gap = upper - lower
    wide = np.linalg.norm(gap, axis=1) * np.sign(gap[:, 1])
    left = smooth((wide - TOUCH) / (PART - TOUCH))[:, None]
    closing = (1 - left) * gap / 2
    for row, (above, below) in enumerate(zip(UPPER_LIP, LOWER_LIP, strict=True)):
        share = 1 - row / len(UPPER_LIP)
        points[above] -= share * closing
        points[below] += share * closing
    return points


def _at_border(grid: np.ndarray, matte: np.ndarray) -> np.ndarray:
    """How much of the person lies at the border of the crop nearest to each vertex, [N]."""
    outward = grid / np.maximum(np.abs(grid).max(1, keepdims=True), 1e-9)
    side = len(matte)
    column = np.clip(((outward[:, 0] + 1) * side / 2).astype(int), 0, side - 1)
    row = np.clip(((1 - outward[:, 1]) * side / 2).astype(int), 0, side - 1)
    return np.asarray(matte[row, column], np.float64)


def _widen(contour: np.ndarray) -> np.ndarray:
    center = contour.mean(0)
    return center + EYEBALL_REACH * (contour - center)
