"""No part in name only: what each code, and each condition, changes in the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from openvasa import Animator, Avatar, Motion
from openvasa.metrics.scripted import keeping, perform, pictures
from openvasa.motion.config import CONDITION_NAMES
from openvasa.types import Array, Controls, Image

EVERY = 6  # of a performance, each so many frames one is drawn
VISIBLE = 8  # levels of 255 from which a change of a pixel counts
# All conditions present, so that each can be taken away.
ALL = Controls(gaze=(15.0, 8.0), distance=1.2, emotion=("happy", 1.0))


@dataclass(frozen=True)
class Effect:
    """How much something changes.

    Attributes:
        what: What was changed.
        levels: Mean absolute change of a color inside the face, of 255.
        peak: The change that only one pixel in a thousand exceeds: what happens in a small place.
        share: Share of the face's pixels that change by more than `VISIBLE` levels.
        pose: Mean absolute change of the head pose, in standard deviations of real motion.
        dynamics: The same of the facial dynamics.
    """

    what: str
    levels: float
    peak: float
    share: float
    pose: float
    dynamics: float


def code_effects(
    animator: Animator, avatars: Sequence[Avatar], sounds: Sequence[Array]
) -> list[Effect]:
    """Each avatar speaks with one code of the next avatar in place of its own.

    Args:
        animator: The model.
        avatars: At least two portraits.
        sounds: What each says, f32 [N] at 16 kHz.

    Returns:
        Means over the avatars and over frames of their performances.
    """
    effects: list[Effect] = []
    for k, avatar in enumerate(avatars):
        other = avatars[(k + 1) % len(avatars)]
        motion = _thinned(perform(animator, avatar, sounds[k]))
        own = pictures(animator, avatar, motion)
        turned = Motion(motion.pose + other.pose - avatar.pose, motion.dynamics)
        swaps = {
            "V_app, the appearance volume": (replace(avatar, appearance=other.appearance), motion),
            "z_id, the identity code": (replace(avatar, identity=other.identity), motion),
            "z_pose, the head pose": (avatar, turned),
            "z_dyn, the facial dynamics": (avatar, keeping(motion, other.dynamics)),
        }
        for what, (changed, played) in swaps.items():
            drawn = pictures(animator, changed, played)
            effects.append(_effect(animator, avatar, what, (motion, own), (played, drawn)))
    return average(effects)


def condition_effects(
    animator: Animator, avatars: Sequence[Avatar], sounds: Sequence[Array]
) -> list[Effect]:
    """Each avatar speaks with all conditions given, then with one of them nulled."""
    effects: list[Effect] = []
    for avatar, sound in zip(avatars, sounds, strict=True):
        motion = perform(animator, avatar, sound, controls=ALL)
        base = motion, pictures(animator, avatar, _thinned(motion))
        changed = {
            name: perform(animator, avatar, sound, controls=ALL, without=[name])
            for name in CONDITION_NAMES
        }
        changed["nothing, another seed"] = perform(animator, avatar, sound, controls=ALL, seed=1)
        for what, played in changed.items():
            drawn = pictures(animator, avatar, _thinned(played))
            effects.append(_effect(animator, avatar, what, base, (played, drawn)))
    return average(effects)


def change(
    avatar: Avatar, before: Sequence[Image], after: Sequence[Image]
) -> tuple[float, float, float]:
    """Inside the portrait's face: mean and 99.9th percentile of changes, share that changed."""
    side = before[0].shape[0]
    at = (avatar.points[:, :2] * np.array([1, -1]) + 1) * side / 2
    left, top = np.clip(at.min(0), 0, side - 1).astype(int)
    right, bottom = np.clip(at.max(0), 1, side).astype(int)
    face = np.stack([np.stack(pair) for pair in zip(before, after, strict=True)])
    face = face[:, :, top : bottom + 1, left : right + 1].astype(np.float32)
    apart = np.abs(face[:, 0] - face[:, 1])
    worst = apart.max(-1)  # [T, h, w]
    peak = float(np.quantile(worst, 0.999))
    return float(apart.mean()), peak, float((worst > VISIBLE).mean())


def average(effects: Sequence[Effect]) -> list[Effect]:
    """One effect for each thing changed, in order of appearance."""
    out = []
    for what in dict.fromkeys(effect.what for effect in effects):
        rows = [asdict(effect) for effect in effects if effect.what == what]
        numbers = {
            key: float(np.mean([row[key] for row in rows])) for key in rows[0] if key != "what"
        }
        out.append(Effect(what, **numbers))
    return out


def _effect(
    animator: Animator, avatar: Avatar, what: str, before: tuple[Motion, list[Image]],
    after: tuple[Motion, list[Image]],
) -> Effect:  # fmt: skip
    levels, peak, share = change(avatar, before[1], after[1])
    stats = animator.motion.stats
    apart = np.abs(stats.normalize(before[0]) - stats.normalize(after[0])).mean(0)
    return Effect(what, levels, peak, share, float(apart[:6].mean()), float(apart[6:].mean()))


def _thinned(motion: Motion) -> Motion:
    return motion[EVERY // 2 :: EVERY]
