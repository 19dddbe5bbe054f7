"""How well a motion denoiser does on clips it never saw: x0 errors and free-running rollouts."""

from __future__ import annotations

import numpy as np

from openvasa.data.motion_clips import MotionClip, MotionClips
from openvasa.data.performance_figures import blink_spans
from openvasa.motion import windows
from openvasa.motion.config import MotionConfig, MotionStats, SampleOptions
from openvasa.motion.denoiser import MotionDenoiser, as_run
from openvasa.motion.lips import lip_part
from openvasa.motion.schedule import create_schedule
from openvasa.train.loop import step_rng
from openvasa.train.motion_losses import Readout
from openvasa.types import EMOTIONS, EXPRESSION_NAMES, FPS, Array, Controls, Motion

TIMES = (0.25, 0.5, 0.75, 1.0)
WINDOWS = 256
ROLLOUTS = 8
ROLLOUT_FRAMES = 150
SEED = 1_000_003  # apart from training's
DEFAULT_STEPS = SampleOptions().steps


class MotionValidation:
    """The same windows and the same clips at every call, so that figures can be compared."""

    def __init__(
        self,
        config: MotionConfig,
        stats: MotionStats,
        clips: MotionClips,
        readout: Readout | None = None,
    ) -> None:
        """Picks the windows and clips."""
        self.config, self.stats, self.readout = config, stats, readout
        self.schedule = create_schedule(config.schedule)
        self.batch = clips.windows(
            step_rng(SEED, 0), WINDOWS, config.window, config.prefix, stats, short_rate=0.0
        )
        long = [clip for clip in clips.clips if len(clip.pose) >= 2 * config.window]
        order = step_rng(SEED, 1).permutation(len(long))[:ROLLOUTS]
        self.rollouts = [long[index] for index in order]

    def __call__(self, network: MotionDenoiser) -> dict[str, float]:
        """Named figures; the network comes back in the mode it came in."""
        training = network.training
        network.eval()
        figures = self.errors(network)
        if self.rollouts:
            figures |= self.free_running(network)
        network.train(training)
        return figures

    def errors(self, network: MotionDenoiser) -> dict[str, float]:
        """Mean squared x0 error at fixed times, and from pure noise with what is nulled."""
        eps = step_rng(SEED, 2).standard_normal(self.batch.target.shape, dtype=np.float32)
        found: dict[str, float] = {}
        for time in TIMES:
            found[f"x0_{time:g}"] = self._error(network, eps, time, self.batch.keep)
        for index, name in ((0, "previous"), (1, "audio")):
            keep = self.batch.keep.copy()
            keep[:, index] = 0.0
            found[f"x0_1_no_{name}"] = self._error(network, eps, 1.0, keep)
        return found

    def free_running(self, network: MotionDenoiser, steps: int = DEFAULT_STEPS) -> dict[str, float]:
        """Compares whole generated performances to the real ones they share the audio with.

        Args:
            network: In evaluation mode.
            steps: Denoising steps a window.

        Returns:
            `lips` and `lips_wrong`: correlation of the jaw's opening (without a readout: of all
            dynamics) with the real one, from the right audio and from another clip's; ratios of
            generated to real: `spread` and `shake` (second difference) of dynamics,
            `head_spread`, `head_speed`, `head_shake`; `seam`: speed of the head across windows /
            within them; and with a readout those of `lid_figures`, and of the real ones as `real_`.
        """
        options = SampleOptions(seed=SEED, steps=steps)
        real = [Motion(c.pose, c.dynamics)[:ROLLOUT_FRAMES] for c in self.rollouts]
        part = None if self.readout is None else lip_part(self.readout.anchor, self.stats.std)
        model = windows.MotionModel(self.config, self.stats, as_run(network), part)
        made = [perform(model, clip, options) for clip in self.rollouts]
        shifted = [*made[1:], made[0]]
        lids = {}
        if self.readout is not None:
            lids = lid_figures([self.readout(m.dynamics) for m in made]) | {
                f"real_{name}": value
                for name, value in lid_figures([self.readout(m.dynamics) for m in real]).items()
            }
        return lids | {
            "lips": _mean([self._agreement(a, b) for a, b in zip(made, real, strict=True)]),
            "lips_wrong": _mean(
                [self._agreement(a, b) for a, b in zip(shifted, real, strict=True)]
            ),
            "spread": _ratio([m.dynamics for m in made], [m.dynamics for m in real], 0),
            "shake": _ratio([m.dynamics for m in made], [m.dynamics for m in real], 2),
            "head_spread": _ratio([m.pose for m in made], [m.pose for m in real], 0),
            "head_speed": _ratio([m.pose for m in made], [m.pose for m in real], 1),
            "head_shake": _ratio([m.pose for m in made], [m.pose for m in real], 2),
            "seam": _mean([seam_ratio(motion.pose, self.config.hop) for motion in made]),
        }

    def _error(self, network: MotionDenoiser, eps: Array, time: float, keep: Array) -> float:
        times = np.full(len(eps), time, np.float32)
        arrays = {
            **vars(self.batch),
            "noisy": self.schedule.mix(self.batch.target, eps, times),
            "time": times,
            "keep": keep,
        }
        target = arrays.pop("target")
        x0 = as_run(network)("denoiser", arrays)["x0"]
        return float(np.square(x0 - target).mean())

    def _agreement(self, made: Motion, real: Motion) -> float:
        count = min(len(made), len(real))
        ours, theirs = made.dynamics[:count], real.dynamics[:count]
        if self.readout is not None:
            jaw = EXPRESSION_NAMES.index("jawOpen")
            ours = self.readout(ours)[:, jaw : jaw + 1]
            theirs = self.readout(theirs)[:, jaw : jaw + 1]
        return correlation(ours, theirs)


def perform(model: windows.MotionModel, clip: MotionClip, options: SampleOptions) -> Motion:
    """A free-running performance to a clip's audio, under the controls known of the clip."""
    state = windows.push(windows.start(), clip.audio[:ROLLOUT_FRAMES])
    _, motion = windows.flush(state, known_controls(clip), model, options)
    return motion


def known_controls(clip: MotionClip) -> Controls:
    """The controls a user would give to ask for this clip; the strongest emotion only."""
    gaze, distance, emotion = clip.known > 0
    strongest = int(np.argmax(clip.emotion))
    name = EMOTIONS[strongest] if clip.emotion[strongest] > 0 else "neutral"
    yaw, pitch = clip.gaze.reshape(-1, 2).mean(axis=0)
    return Controls(
        gaze=(float(yaw), float(pitch)) if gaze else None,
        distance=float(np.mean(clip.distance)) if distance else None,
        emotion=(name, min(1.0, float(clip.emotion[strongest]))) if emotion else None,
    )


def lid_figures(expressions: list[Array]) -> dict[str, float]:
    """`blinks` a minute, their median `blink_depth` in [0, 1] and `blink_frames` at half depth.

    Args:
        expressions: f32 [T, 45] each, in the order of `EXPRESSION_NAMES`.
    """
    sides = [EXPRESSION_NAMES.index(f"eyeBlink{side}") for side in ("Left", "Right")]
    lids = [e[:, sides].mean(axis=1).astype(np.float64) for e in expressions]
    found = [(track, span) for track in lids for span in blink_spans(track)]
    minutes = sum(map(len, lids)) / FPS / 60
    return {
        "blinks": len(found) / max(minutes, 1e-9),
        "blink_depth": float(np.median([t[a:b].max() for t, (a, b) in found])) if found else 0.0,
        "blink_frames": float(np.median([b - a for _, (a, b) in found])) if found else 0.0,
    }


def correlation(first: Array, second: Array) -> float:
    """Mean over channels of the correlation in time, f32 [T, C] each; 0 for still channels."""
    a, b = first - first.mean(axis=0), second - second.mean(axis=0)
    size = np.sqrt(np.square(a).sum(axis=0) * np.square(b).sum(axis=0))
    moving = size > 1e-9
    if not moving.any():
        return 0.0
    return float(((a * b).sum(axis=0)[moving] / size[moving]).mean())


def seam_ratio(pose: Array, hop: int) -> float:
    """Mean speed of the head's angles across window borders, over that within windows."""
    speed = np.abs(np.diff(pose[:, :3], axis=0)).sum(axis=1)
    border = np.arange(1, len(pose)) % hop == 0
    return float(speed[border].mean() / max(speed[~border].mean(), 1e-9))


def _ratio(made: list[Array], real: list[Array], differences: int) -> float:
    """Spread in time of the n-th difference: generated over real, all channels."""

    def spread(tracks: list[Array]) -> float:
        return _mean([np.diff(track, n=differences, axis=0).std(axis=0).mean() for track in tracks])

    return spread(made) / max(spread(real), 1e-9)


def _mean(values: list[float]) -> float:
    return float(np.mean(values))
