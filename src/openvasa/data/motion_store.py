"""Real clips and synthetic performances -> the store of motion tracks with audio features.

`python -m openvasa.data.motion_store --clips DIR --performances DIR --basis head.safetensors
--latent ema.safetensors --audio audio.safetensors --out STORE`

A clip's dynamics come from its fitted expressions through the latent model's anchor, a
performance's from the expressions it was made of; head pose is an offset to the clip's median.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from scipy.signal import savgol_filter

from openvasa.audio.encoder import AudioEncoder
from openvasa.audio.network import load_audio
from openvasa.data.clips import is_held_out
from openvasa.data.frame_pairs import fit_clip
from openvasa.data.head import HeadBasis, load_basis
from openvasa.data.motion_clips import MotionClip, write_clip
from openvasa.types import Array

Encode = Callable[[Array], Array]
KNOWN_OF_REAL = (0.0, 1.0, 0.0)  # of a clip only the distance is known: it does not change


def audio_encoder(weights: Path) -> Encode:
    """Samples [N] -> features [T, 128] by the trained network, exactly as the engine does it."""
    network = load_audio(weights).eval()

    def run(_: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        with torch.inference_mode():
            return {"features": network(torch.from_numpy(inputs["mel"])).numpy()}

    return AudioEncoder(run).encode


def real_clip(file: Path, basis: HeadBasis, anchor: Array, encode: Encode) -> MotionClip:
    """One clip of a real speaker; the landmarker's jitter is smoothed over 5 frames."""
    heads = fit_clip(file, basis, every=1)
    expression = savgol_filter(np.stack([h.expression for h in heads]), 5, 2, axis=0)
    expression[:, :-2] = np.clip(expression[:, :-2], 0, 1)
    pose = savgol_filter(np.stack([h.pose for h in heads]), 7, 2, axis=0)
    with np.load(file, allow_pickle=False) as clip:
        features = encode(clip["audio"])
    frames = min(len(features), len(heads))
    return MotionClip(
        pose=(pose - np.median(pose, 0))[:frames].astype("f4"),
        dynamics=(expression @ anchor.T)[:frames].astype("f4"),
        audio=features[:frames], gaze=np.zeros(2, "f4"), distance=np.ones((), "f4"),
        emotion=np.zeros(6, "f4"), known=np.array(KNOWN_OF_REAL, "f4"),
    )  # fmt: skip


def made_clip(file: Path, features: Array, anchor: Array) -> MotionClip:
    """One synthetic performance."""
    with np.load(file, allow_pickle=False) as take:
        frames = min(len(features), len(take["pose"]))
        return MotionClip(
            pose=take["pose"][:frames].astype("f4"),
            dynamics=(take["expression"] @ anchor.T)[:frames].astype("f4"),
            audio=features[:frames], gaze=take["main_gaze"].astype("f4"),
            distance=take["distance"].astype("f4"), emotion=take["emotion"].astype("f4"),
            known=np.ones(3, "f4"),
        )  # fmt: skip


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("clips", "performances", "basis", "latent", "audio", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    basis, encode = load_basis(args.basis), audio_encoder(args.audio)
    anchor = load_file(str(args.latent))["motion.embed.weight"].float().numpy()
    takes = sorted(args.performances.glob("*.npz"))
    known: dict[str, Array] = {}
    for file in takes:
        with np.load(file, allow_pickle=False) as take:
            stem, path, split = str(take["audio"]), Path(str(take["audio_path"])), take["split"]
        if str(split) != "train":
            continue
        if stem not in known:
            with np.load(path, allow_pickle=False) as speech:
                known[stem] = encode(speech["audio"].astype("f4"))
        write_clip(args.out, "made", stem, file.stem, made_clip(file, known[stem], anchor))
    print(f"{len(takes)} performances", flush=True)
    done = 0
    for file in sorted(args.clips.glob("s*/*.npz")):
        speaker, code = file.parent.name, file.stem
        target = args.out / "real" / speaker / f"{code}.npz"
        if is_held_out(speaker, code) or target.exists():
            continue
        write_clip(args.out, "real", speaker, code, real_clip(file, basis, anchor, encode))
        done += 1
        if done % 50 == 0:
            print(f"{done} clips", flush=True)


if __name__ == "__main__":
    main()
