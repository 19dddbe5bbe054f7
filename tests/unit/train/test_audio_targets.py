"""Target features are linear readings of the teacher's states."""

from __future__ import annotations

import numpy as np

from openvasa.train.audio_data import Recording
from openvasa.train.audio_targets import fit_meaning, fit_projection, project
from openvasa.types import Array


def recordings() -> list[Recording]:
    draw = np.random.default_rng(0)
    empty = np.zeros((0, 0), np.float32)
    return [
        Recording(f"r{i}", "train", empty, made.astype(np.float32), empty, empty)
        for i, made in enumerate(draw.normal(2.0, 1.0 + np.arange(16), (5, 200, 16)))
    ]


def test_principal_components_have_unit_variance() -> None:
    pieces = recordings()
    made = project(np.concatenate([r.states for r in pieces]), fit_projection(pieces, 8))
    np.testing.assert_allclose(made.std(0), 1, atol=0.02)
    np.testing.assert_allclose(made.mean(0), 0, atol=0.02)


def test_meaning_is_found_where_the_teacher_knows_it() -> None:
    pieces = recordings()
    draw = np.random.default_rng(1)
    reading = draw.normal(size=(16, 3)).astype(np.float32)

    def features(r: Recording) -> Array:
        unknown = draw.normal(size=(len(r.states), 1))
        return np.concatenate([r.states @ reading + 5, unknown], 1).astype(np.float32)

    known = [features(r) for r in pieces]
    found = fit_meaning(pieces, known)
    made = project(np.concatenate([r.states for r in pieces]), found)
    wanted = np.concatenate(known)
    np.testing.assert_allclose(made[:, :3], wanted[:, :3], atol=0.05 * wanted[:, :3].std())
    assert made[:, 3].std() < 0.3
    assert found["weight"][3] < 0.2 * found["weight"][0]
