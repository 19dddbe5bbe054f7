"""What the decoder sees of a piece, and what it makes of it."""

from __future__ import annotations

import numpy as np

from openvasa.latent.drawn import Drawn

SIDE, SCALE, CORNER = 16, 2.0, (8, 8)
TOP = LEFT = int(CORNER[0] * SCALE)


def stripes() -> np.ndarray:
    """Teeth a pixel of the video apart, over the whole window."""
    color = np.full((32, 32, 3), 0.4, np.float32)
    color[:, ::2] = 0.8
    return color


def still() -> tuple[np.ndarray, np.ndarray]:
    return np.ones((3, SIDE, SIDE), np.float32), np.zeros((3, SIDE, SIDE), np.float32)


def test_the_decoder_sees_means() -> None:
    piece = Drawn(TOP, LEFT, stripes())
    np.testing.assert_allclose(piece.coarse(CORNER, SIDE, SCALE), 0.6, atol=1e-6)
    half = Drawn(TOP + 16, LEFT, stripes()[:16]).coarse(CORNER, SIDE, SCALE)
    np.testing.assert_allclose(half[:, 8:], 0.6, atol=1e-6)
    assert not half[:, :8].any()


def test_pieces_at_the_coarse_resolution_are_seen_as_they_are() -> None:
    color = np.random.default_rng(0).random((SIDE, SIDE, 3)).astype(np.float32)
    seen = Drawn(*CORNER, color).coarse(CORNER, SIDE, 1.0)
    np.testing.assert_allclose(seen, color.transpose(2, 0, 1), atol=1e-6)


def test_a_decoder_that_changes_nothing_leaves_the_mesh() -> None:
    piece, parted = Drawn(TOP, LEFT, stripes()), np.ones((SIDE, SIDE), np.float32)
    seen = piece.coarse(CORNER, SIDE, SCALE)
    lit = piece.lit(*still(), seen, parted, CORNER, SCALE, 0.6)
    np.testing.assert_allclose(lit.color, piece.color, atol=0.03)


def test_light_is_the_decoders_and_edges_are_the_meshs() -> None:
    piece, parted = Drawn(TOP, LEFT, stripes()), np.ones((SIDE, SIDE), np.float32)
    seen, (gain, offset) = piece.coarse(CORNER, SIDE, SCALE), still()
    flat = (0 * gain, offset + 0.3)  # the same gray everywhere
    edges = []
    for detail in (0.0, 0.5, 1.0):
        color = piece.lit(*flat, seen, parted, CORNER, SCALE, detail).color
        np.testing.assert_allclose(color.mean(), 0.3, atol=0.02)
        edges.append(np.abs(np.diff(color[..., 0], axis=1)).mean())
    assert edges[0] < 1e-6 < 0.05 < edges[1] < edges[2]


def test_what_lies_beyond_the_lips_does_not_count() -> None:
    piece, parted = Drawn(TOP, LEFT, stripes()), np.zeros((SIDE, SIDE), np.float32)
    parted[4:12, 4:12] = 1
    seen, (gain, offset) = piece.coarse(CORNER, SIDE, SCALE), still()
    offset[:, parted < 0.5] = 0.5  # what the decoder was never asked for
    color = piece.lit(gain, offset, seen, parted, CORNER, SCALE, 1.0).color
    np.testing.assert_allclose(color[12:20, 12:20], piece.color[12:20, 12:20], atol=0.03)


def test_the_portraits_own_pixels_stay() -> None:
    own = np.zeros((32, 32), np.float32)
    own[:, :16] = 1
    piece, parted = Drawn(TOP, LEFT, stripes(), own), np.ones((SIDE, SIDE), np.float32)
    seen, (gain, offset) = piece.coarse(CORNER, SIDE, SCALE), still()
    color = piece.lit(0.5 * gain, offset, seen, parted, CORNER, SCALE, 0.6).color
    np.testing.assert_array_equal(color[:, :16], piece.color[:, :16])
    assert color[:, 16:].mean() < 0.35
