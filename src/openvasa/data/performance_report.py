"""Statistics of synthetic performances beside those of real clips, as a small table."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from openvasa.types import EMOTIONS, EXPRESSION_DIM, EXPRESSION_NAMES, FPS, InputError

Curve = NDArray[np.float64]

_SCORES = ("jawOpen", "mouthClose", "mouthPucker", "mouthFunnel", "mouthSmileLeft",
           "mouthStretchLeft", "mouthLowerDownLeft", "mouthUpperUpLeft", "mouthRollLower",
           "mouthPressLeft", "browInnerUp", "eyeSquintLeft")  # fmt: skip


def expression_figures(tracks: list[Curve]) -> dict[str, float]:
    """Named figures of expression tracks [T, 45], in the order of `EXPRESSION_NAMES`."""
    figures: dict[str, float] = {}
    joined = np.concatenate(tracks)
    for name in _SCORES:
        column = joined[:, EXPRESSION_NAMES.index(name)]
        figures[f"{name} mean"] = float(column.mean())
        figures[f"{name} p95"] = float(np.percentile(column, 95))
    jaw = EXPRESSION_NAMES.index("jawOpen")
    steps = np.abs(np.concatenate([np.diff(track[:, jaw]) for track in tracks]))
    figures["jawOpen step mean"] = float(steps.mean())
    figures["jawOpen step p99"] = float(np.percentile(steps, 99))
    blink = EXPRESSION_NAMES.index("eyeBlinkLeft")
    onsets = sum(int(np.sum(np.diff((t[:, blink] > 0.5).astype(int)) > 0)) for t in tracks)
    figures["blinks a minute"] = onsets / (len(joined) / FPS / 60)
    return figures


def pose_figures(tracks: list[Curve]) -> dict[str, float]:
    """Named figures of pose tracks [T, 6]: deviations within tracks and adjacent-frame change."""
    figures: dict[str, float] = {}
    for i, name in enumerate(("yaw", "pitch", "roll")):
        within = np.mean([np.degrees(track[:, i]).var() for track in tracks])
        figures[f"{name} deg std in a track"] = float(np.sqrt(within))
        figures[f"{name} deg std overall"] = float(
            np.std(np.concatenate([np.degrees(track[:, i]) for track in tracks]))
        )
    steps = np.concatenate([np.degrees(np.diff(track[:, :3], axis=0)) for track in tracks])
    figures["head deg a frame, mean of axes"] = float(np.abs(steps).mean())
    figures["head deg a frame, rotation"] = float(np.linalg.norm(steps, axis=1).mean())
    figures["head energy above 3 Hz, %"] = 100 * _fast_share(tracks)
    for i, name in enumerate(("x", "y"), 3):
        figures[f"{name} std"] = float(np.mean([track[:, i].std() for track in tracks]))
    return figures


def _fast_share(tracks: list[Curve]) -> float:
    """Share of the angular velocity's power above 3 Hz."""
    fast = total = 0.0
    for track in tracks:
        velocity = np.diff(track[:, :3], axis=0) * np.hanning(len(track) - 1)[:, None]
        power = np.sum(np.abs(np.fft.rfft(velocity, axis=0)) ** 2, axis=1)
        total += float(power.sum())
        fast += float(power[np.fft.rfftfreq(len(velocity), 1 / FPS) > 3].sum())
    return fast / max(total, 1e-12)


def _synthetic(files: Iterable[Path]) -> tuple[list[Curve], list[Curve], list[Curve]]:
    tracks, poses, emotions = [], [], []
    for path in files:
        with np.load(path) as data:
            if len(data["pose"]) < 2 * FPS or str(data["lang"]) == "none":
                continue
            tracks.append(data["expression"].astype(np.float64))
            poses.append(data["pose"].astype(np.float64))
            emotions.append(data["emotion"].astype(np.float64))
    return tracks, poses, emotions


def _real(folder: Path, most: int = 400) -> list[Curve]:
    """Expression tracks of labeled clips, scores only; evenly picked, at most `most`."""
    from openvasa.data.labels import SCORE_NAMES

    # Sentences that begin with "s" are held out for evaluation, even from looking.
    files = sorted(p for p in folder.rglob("*.npz") if not p.stem.startswith("s"))
    order = {name: i for i, name in enumerate(SCORE_NAMES)}
    tracks = []
    for path in files[:: max(1, len(files) // most)]:
        with np.load(path) as data:
            if "scores" not in data:
                continue
            scores = data["scores"]
        track = np.zeros((len(scores), EXPRESSION_DIM))
        for i, name in enumerate(EXPRESSION_NAMES):
            if name in order:
                track[:, i] = scores[:, order[name]]
        tracks.append(track)
    return tracks


def report(performances: Path, clips: Path | None = None) -> str:
    """A Markdown table of synthetic (neutral takes only, for the scores) against real figures.

    Args:
        performances: Folder of performance npz files.
        clips: Folder of labeled real clips, or None.

    Raises:
        InputError: If the folder holds no performances.
    """
    tracks, poses, emotions = _synthetic(sorted(performances.glob("*.npz")))
    if not tracks:
        raise InputError(f"{performances} holds no performances; make some with --speech first.")
    plain = [t for t, e in zip(tracks, emotions, strict=True) if not e.any()] or tracks
    synthetic = expression_figures(plain) | pose_figures(poses)
    real_tracks = _real(clips) if clips is not None else []
    real = expression_figures(real_tracks) if real_tracks else {}
    lines = ["| figure | synthetic | real |", "|---|---|---|"]
    for name, value in synthetic.items():
        beside = f"{real[name]:.3f}" if name in real else ""
        lines.append(f"| {name} | {value:.3f} | {beside} |")
    counts = {n: int(sum(e[i] > 0 for e in emotions)) for i, n in enumerate(EMOTIONS)}
    frames = sum(len(track) for track in tracks)
    lines.append("")
    lines.append(
        f"{len(tracks)} performances, {frames / FPS / 60:.1f} minutes; with an emotion: {counts}; "
        f"{len(real_tracks)} real clips."
    )
    return "\n".join(lines)
