"""What was seen of the lips' opening and width is what the fitted expressions show."""

import numpy as np

from openvasa.data.head import index_of, load_basis
from openvasa.data.speech_fit import fit_speech, lip_opening, lip_width

BASIS = load_basis()
SHAPES = BASIS.expression[:-2].astype(np.float64)


def _seen(**told: float) -> np.ndarray:
    return sum(value * SHAPES[index_of(name)] for name, value in told.items())


def test_opening_and_width_come_out_as_seen() -> None:
    faces = np.stack([
        _seen(jawOpen=0.3), _seen(mouthPucker=0.5, jawOpen=0.1),
        _seen(mouthStretchLeft=0.4, mouthStretchRight=0.4, jawOpen=0.15),
        _seen(jawOpen=0.2, mouthFunnel=0.3),
    ])  # fmt: skip
    shown = np.tensordot(fit_speech(BASIS, faces), SHAPES, 1)
    assert np.abs(lip_opening(shown) - lip_opening(faces)).max() < 2e-3
    assert np.abs(lip_width(shown) - lip_width(faces)).max() < 6e-3


def test_wrong_depth_changes_little() -> None:
    face = _seen(mouthPucker=0.5, jawOpen=0.2)
    flat = face * [1.0, 1.0, 0.0]
    fit, blind = fit_speech(BASIS, np.stack([face, flat]))
    assert lip_width(SHAPES).dot(blind) < 0.7 * lip_width(face)
    assert abs(fit[index_of("jawOpen")] - blind[index_of("jawOpen")]) < 0.05


def test_a_resting_face_tells_nothing() -> None:
    assert fit_speech(BASIS, np.zeros((2, 468, 3))).max() < 1e-6
