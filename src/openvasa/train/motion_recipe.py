"""All choices of the motion stage, and the YAML files that hold what differs from the defaults."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from openvasa.types import InputError


@dataclass(frozen=True, kw_only=True)
class MotionRecipe:
    """All choices of the stage.

    Attributes:
        network: Settings of `MotionConfig`, `preset` among them.
        batch: Windows a step.
        steps: Steps in all; the learning rate falls toward the last.
        rate: Peak learning rate.
        warmup: Steps until the peak.
        decay: Of the moving average.
        weight_decay: Of AdamW.
        clip_norm: Longest gradient.
        drop: Chance to drop each condition (the paper's).
        cut_audio: Share of the windows that lose their last audio frames.
        short_past: Share of the windows with less than a full prefix.
        drift: Share of the windows whose head is off place and comes back, see `send_astray`.
        prefix_noise: Standard deviation of noise on the prefix's dynamics, normalized units.
        velocity: Weight of the frame-to-frame loss, the seam included.
        expression: Weight of the loss in expression space (needs a readout).
        lips: Weight of the lips' expressions beside 1 for all others.
        lids: Weight of the lids' expressions.
        shake: Weight of the loss on the head's second differences.
        seen: Weight of the loss on the lips' opening and width as drawn (needs a readout).
        shut: How many times more an opening counts, beside 1, where lips are shut.
        time_shift: Above 1, more training at noisy times, where it is decided what happens.
        sources: Weight of each source; those not named have weight 1.
        validate_every: Steps between validations.
        seed: All randomness derives from it.
    """

    network: dict[str, Any] = field(default_factory=lambda: {"preset": "compact"})
    batch: int = 64
    steps: int = 5000
    rate: float = 1e-3
    warmup: int = 200
    decay: float = 0.998
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    drop: dict[str, float] = field(
        default_factory=lambda: dict(previous=0.5, audio=0.1, gaze=0.1, distance=0.1, emotion=0.1)
    )
    cut_audio: float = 0.1
    short_past: float = 0.15
    drift: float = 0.25
    prefix_noise: float = 0.05
    velocity: float = 1.0
    expression: float = 1.0
    lips: float = 3.0
    lids: float = 4.0
    shake: float = 1.0
    seen: float = 1.0
    shut: float = 2.0
    time_shift: float = 1.0
    sources: dict[str, float] = field(default_factory=dict)
    validate_every: int = 1000
    seed: int = 0


def read_recipe(path: Path | None, **changes: Any) -> MotionRecipe:
    """The recipe in a YAML file, over the defaults.

    Raises:
        InputError: For a missing file or an unknown name.
    """
    values: dict[str, Any] = {}
    if path is not None:
        if not path.is_file():
            raise InputError(f"There is no recipe at {path}; give the path of a YAML file.")
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    known = {item.name for item in fields(MotionRecipe)}
    unknown = set(values) - known
    if unknown:
        raise InputError(f"Unknown names {sorted(unknown)} in {path}; known: {sorted(known)}.")
    defaults = asdict(MotionRecipe())
    values["drop"] = {**defaults["drop"], **values.get("drop", {})}
    return MotionRecipe(**{**values, **changes})
