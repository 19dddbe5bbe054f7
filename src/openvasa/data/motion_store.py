"""Real clips and synthetic performances -> the store of motion tracks with audio features.

    python -m openvasa.data.motion_store --store STORE --latent faces.safetensors
        --audio audio.safetensors --out MOTION_STORE

A clip's dynamics come from its fitted expressions through the latent model's anchor, a
performance's from the expressions it was made of; head pose is an offset to the clip's median.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from scipy.signal import savgol_filter

from openvasa.audio.encoder import AudioEncoder
from openvasa.audio.network import load_audio
from openvasa.data.head import SHIPPED, HeadBasis, fit, load_basis
from openvasa.data.lids import lid_scores
from openvasa.data.motion_clips import MotionClip, write_clip
from openvasa.data.pcm import from_pcm
from openvasa.data.shards import Sample
from openvasa.data.speech_fit import fit_speech
from openvasa.data.store import Store, clean_name
from openvasa.types import EXPRESSION_NAMES, Array

Encode = Callable[[Array], Array]
Curve = NDArray[np.float64]
KNOWN_OF_REAL = (0.0, 1.0, 0.0)  # of a clip only the distance is known: it does not change
LIDS_OPEN, LIDS_SHUT = 0.3, 0.6  # `lid_scores` of open eyes and of a real blink
LIDS_REST = 0.05  # the expression of open lids, as performances have it
REST_SHARE = 0.2  # of the frames, those whose lips are nearest to closed
_SIDES = ("eyeBlinkLeft", "eyeBlinkRight")
_LIDS = [EXPRESSION_NAMES.index(side) for side in _SIDES]


def audio_encoder(weights: Path) -> Encode:
    """Samples [N] -> features [T, 128] by the trained network, exactly as the engine does it."""
    network = load_audio(weights).eval()

    def run(_: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        with torch.inference_mode():
            return {"features": network(torch.from_numpy(inputs["mel"])).numpy()}

    return AudioEncoder(run).encode


def fit_speaker(landmarks: Array, lids: Curve, basis: HeadBasis) -> tuple[Array, Array]:
    """Expressions and poses of one clip, told from how this face rests.

    The rest is the median of the frames whose lips are nearest to closed and whose lids are open:
    what moves away from it is expression, wholly. Fitting shape and expression together instead
    gave a third of an opening to the shape, and taught mouths that hardly open.

    Args:
        landmarks: [T, 478, 3], crop units, image convention.
        lids: [T, 2], `lid_scores`.
        basis: The parametric head.

    Returns:
        f32 [T, 45], as the face model must be told to show what was seen, and f32 [T, 6].
    """
    heads = [fit(basis, frame, basis.mean) for frame in landmarks.astype(np.float64)]
    faces = np.stack([head.canonical for head in heads])
    gap = np.linalg.norm(faces[:, 13] - faces[:, 14], axis=1)
    awake = lids.max(axis=1) < LIDS_OPEN
    calm = gap <= np.quantile(gap[awake], REST_SHARE) if awake.any() else np.ones(len(gap), bool)
    rest = np.median(faces[calm & awake if awake.any() else calm], axis=0)
    gaze = np.stack([head.expression[-2:] for head in heads])
    told = np.hstack([fit_speech(basis, faces - rest), gaze])
    base = np.median(lids, axis=0)
    shut = np.clip((lids - base) / np.maximum(LIDS_SHUT - base, 0.1), 0, 1)
    told[:, _LIDS] = LIDS_REST + (1 - LIDS_REST) * shut
    told = savgol_filter(told, 5, 2, axis=0)
    told[:, _LIDS] = LIDS_REST + (1 - LIDS_REST) * shut  # a blink is no jitter
    told[:, :-2] = np.clip(told[:, :-2], 0, 1)
    pose = savgol_filter(np.stack([head.pose for head in heads]), 9, 2, axis=0)
    return told.astype("f4"), pose.astype("f4")


def real_clip(clip: Sample, basis: HeadBasis, anchor: Array, encode: Encode) -> MotionClip:
    """One clip of a real speaker; the landmarker's jitter is smoothed away."""
    landmarks = clip.arrays["landmarks"]
    expression, pose = fit_speaker(landmarks, lid_scores(landmarks), basis)
    features = encode(from_pcm(clip.arrays["audio"]))
    frames = min(len(features), len(pose))
    return MotionClip(
        pose=(pose - np.median(pose, 0))[:frames].astype("f4"),
        dynamics=(expression @ anchor.T)[:frames].astype("f4"),
        audio=features[:frames], gaze=np.zeros(2, "f4"), distance=np.ones((), "f4"),
        emotion=np.zeros(6, "f4"), known=np.array(KNOWN_OF_REAL, "f4"),
    )  # fmt: skip


def made_clip(take: Mapping[str, Array], features: Array, anchor: Array) -> MotionClip:
    """One synthetic performance, its arrays as `performance_store` keeps them."""
    frames = min(len(features), len(take["pose"]))
    return MotionClip(
        pose=take["pose"][:frames].astype("f4"),
        dynamics=(take["expression"] @ anchor.T)[:frames].astype("f4"),
        audio=features[:frames], gaze=take["main_gaze"].astype("f4"),
        distance=take["distance"].astype("f4").reshape(()), emotion=take["emotion"].astype("f4"),
        known=np.ones(3, "f4"),
    )  # fmt: skip


def add_performances(source: Store, out: Path, anchor: Array, encode: Encode) -> int:
    """Writes the training performances of a store; how many."""
    heard: dict[str, Array] = {}
    keys = source.keys("performance", "train")
    for key in keys:
        sample = source.read(key)
        sound = str(sample.about["sound"])
        if sound not in heard:
            heard = {sound: encode(from_pcm(source.read(sound).arrays["audio"]))}
        clip = made_clip(sample.arrays, heard[sound], anchor)
        write_clip(out, "made", sound.rsplit("-", 1)[0], key, clip)
    return len(keys)


def add_clips(source: Store, out: Path, basis: HeadBasis, anchor: Array, encode: Encode) -> int:
    """Writes the real clips of a store that are not there yet and not for evaluation; how many."""
    done = 0
    for key in [*source.keys("real", "train"), *source.keys("real", "validation")]:
        person = clean_name(str(source.about(key)["person"]))
        if not (out / "real" / person / f"{key}.npz").exists():
            clip = real_clip(source.read(key), basis, anchor, encode)
            write_clip(out, "real", person, key, clip)
            done += 1
    return done


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("store", "latent", "audio", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--basis", type=Path, default=SHIPPED, help="another parametric head")
    asked = parser.parse_args(arguments)
    torch.set_num_threads(1)
    encode = audio_encoder(asked.audio)
    anchor = load_file(str(asked.latent))["motion.embed.weight"].float().numpy()
    source, basis = Store(asked.store), load_basis(asked.basis)
    print(f"{add_performances(source, asked.out, anchor, encode)} performances")
    print(f"{add_clips(source, asked.out, basis, anchor, encode)} clips")


if __name__ == "__main__":
    main()
