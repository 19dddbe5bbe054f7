"""Which part of a motion frame is the lips': they follow the sound, the rest has its chance."""

from __future__ import annotations

import numpy as np

from openvasa.types import EXPRESSION_NAMES, POSE_DIM, Array

LIPS = ("jaw", "mouth")  # expressions whose names start so are the lips'


def lip_part(anchor: Array, std: Array) -> Array:
    """The projection on what the lips' expressions make of normalized dynamics.

    Args:
        anchor: f32 [45, 48], z_dyn of each expression at 1.
        std: f32 [54], the spread that motion is normalized by.

    Returns:
        f32 [48, 48], L: `frames[..., 6:] @ L` is the lips' part of normalized frames.
    """
    reading = np.linalg.pinv(anchor.astype(np.float64))  # [48, 45]
    lips = np.array([name.startswith(LIPS) for name in EXPRESSION_NAMES])
    part = (reading * lips) @ anchor  # [48, 48], of z_dyn
    spread = std[POSE_DIM:].astype(np.float64)
    return np.asarray(spread[:, None] * part / spread, np.float32)


def calmed(noise: Array, lips: Array, share: float) -> Array:
    """Start noise f32 [..., 54] whose part in the lips is `share` of what it was.

    Less of it keeps lips nearer to the mean of what people do to this sound; the head, the eyes
    and the brows keep theirs.
    """
    face = noise[..., POSE_DIM:]
    calm = face - np.float32(1 - share) * (face @ lips)
    return np.concatenate([noise[..., :POSE_DIM], calm], axis=-1)
