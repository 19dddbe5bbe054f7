"""Nodes for ComfyUI: a portrait that speaks a recording, by openvasa's public interface.

Every picture that leaves a node carries openvasa's invisible mark, and the visible label unless
the workflow says that it discloses otherwise. Copy or link this folder into `custom_nodes`.
"""

from __future__ import annotations

import hashlib
import wave
from functools import lru_cache
from pathlib import Path
from typing import Any

import comfy.utils
import folder_paths
import numpy as np
import torch

from openvasa import Animator, Controls, Scene
from openvasa.engine.render import FRAMINGS, portrait_id
from openvasa.engine.scene import read_background
from openvasa.provenance.frame_marks import FrameMarks
from openvasa.provenance.origin import content_id
from openvasa.types import EMOTIONS, FPS

CATEGORY = "openvasa"
NO_EMOTION = "as heard"
_PERFORMANCE = {
    "avatar": ("OPENVASA_AVATAR",),
    "audio": ("AUDIO",),
    "seed": ("INT", {"default": 0, "min": 0, "max": 2**63 - 1}),
    "steps": ("INT", {"default": 6, "min": 1, "max": 100}),
    "emotion": ([NO_EMOTION, *EMOTIONS, "neutral"],),
    "strength": ("FLOAT", {"default": 1.0, "min": 0.0, "max": 1.0, "step": 0.05}),
    "framing": (list(FRAMINGS),),
    "size": ("INT", {"default": 512, "min": 128, "max": 2048, "step": 2}),
    "aspect": ("STRING", {"default": "", "tooltip": "such as 9:16; empty: the framing's own"}),
    "background": ("STRING", {"default": "", "tooltip": "#rrggbb, transparent, or a file"}),
    "label": ("BOOLEAN", {"default": True, "tooltip": "the visible label 'AI-generated'"}),
}


@lru_cache(maxsize=2)
def _animator(model: str, backend: str) -> Animator:
    return Animator.load(model, backend=backend)


class OpenVasaPortrait:
    """A picture made ready to be animated."""

    CATEGORY, FUNCTION = CATEGORY, "prepare"
    RETURN_TYPES, RETURN_NAMES = ("OPENVASA_AVATAR",), ("avatar",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        """What ComfyUI shows as sockets and fields."""
        return {
            "required": {
                "image": ("IMAGE",),
                "face": ("INT", {"default": 1, "min": 1, "max": 100}),
                "model": ("STRING", {"default": "compact"}),
                "backend": (["onnx", "openvino", "cuda"],),
            }
        }

    def prepare(self, image: torch.Tensor, face: int, model: str, backend: str) -> tuple[Any]:
        """The first picture of the batch, f32 [B, H, W, 3] in [0, 1]; faces count by size."""
        animator = _animator(model, backend)
        photo = np.rint(255 * image[0, ..., :3].clamp(0, 1).cpu().numpy()).astype(np.uint8)
        return ((animator, animator.prepare(photo, face=face)),)


class OpenVasaFrames:
    """A speaking portrait as pictures, for further nodes."""

    CATEGORY, FUNCTION = CATEGORY, "animate"
    RETURN_TYPES = ("IMAGE", "MASK", "AUDIO", "FLOAT")
    RETURN_NAMES = ("images", "mask", "audio", "fps")

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        """What ComfyUI shows as sockets and fields."""
        return {"required": _PERFORMANCE}

    def animate(self, avatar: Any, audio: dict[str, Any], **asked: Any) -> tuple[Any, ...]:
        """Images f32 [T, H, W, 3], mask f32 [T, H, W] (1 where one sees through), sound, 25 fps."""
        clip = _clip(avatar, audio, **asked)
        width, height = clip.size
        images = torch.empty(len(clip), height, width, 3)
        mask = torch.zeros(len(clip), height, width)
        bar = comfy.utils.ProgressBar(len(clip))
        for t, frame in enumerate(clip.frames()):
            images[t] = torch.from_numpy(frame.image) / 255
            if frame.alpha is not None:
                mask[t] = 1 - torch.from_numpy(frame.alpha) / 255
            bar.update(1)
        return images, mask, audio, float(FPS)


class OpenVasaVideo:
    """A speaking portrait as a signed file in ComfyUI's output folder; memory stays flat."""

    CATEGORY, FUNCTION, OUTPUT_NODE = CATEGORY, "save", True
    RETURN_TYPES, RETURN_NAMES = ("STRING",), ("path",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        """What ComfyUI shows as sockets and fields."""
        return {"required": {**_PERFORMANCE, "prefix": ("STRING", {"default": "openvasa"})}}

    def save(self, avatar: Any, audio: dict[str, Any], prefix: str, **asked: Any) -> dict[str, Any]:
        """Writes an MP4, or a MOV with alpha for a transparent background; gives its path."""
        clip = _clip(avatar, audio, **asked)
        folder, name, counter, sub, _ = folder_paths.get_save_image_path(
            prefix, folder_paths.get_output_directory(), *clip.size
        )
        ending = ".mov" if asked["background"] == "transparent" else ".mp4"
        path = Path(folder) / f"{name}_{counter:05}{ending}"
        bar = comfy.utils.ProgressBar(len(clip))
        clip.save(path, progress=lambda done, total: bar.update_absolute(done, total))
        shown = {"filename": path.name, "subfolder": sub, "type": "output"}
        return {"ui": {"images": [shown], "animated": (True,)}, "result": (str(path),)}


def _clip(
    avatar: Any, audio: dict[str, Any], *, seed: int, steps: int, emotion: str, strength: float,
    framing: str, size: int, aspect: str, background: str, label: bool,
) -> Any:  # fmt: skip
    animator, prepared = avatar
    sound = _wav(audio)
    controls = Controls(emotion=None if emotion == NO_EMOTION else (emotion, strength))
    across, _, down = aspect.partition(":")
    scene = Scene(
        (int(across), int(down)) if aspect else None,
        read_background(background) if background else None,
    )
    told = (portrait_id(prepared), seed, steps, controls, framing, size, aspect, background)
    marks = FrameMarks(content_id(*map(repr, told), sound.stem), label=label)
    return animator.animate(
        prepared, sound, controls=controls, seed=seed, steps=steps, framing=framing, size=size,
        scene=scene, marks=marks,
    )  # fmt: skip


def _wav(audio: dict[str, Any]) -> Path:
    """ComfyUI's sound, waveform [B, C, N], as a file named by its content."""
    waveform = audio["waveform"][0, :2].clamp(-1, 1).cpu().numpy()
    levels = np.rint(32767 * waveform).astype("<i2").T.tobytes()
    rate = int(audio["sample_rate"])
    folder = Path(folder_paths.get_temp_directory())
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"openvasa_{hashlib.sha256(levels).hexdigest()[:24]}_{rate}.wav"
    part = path.with_suffix(".part")
    with wave.open(str(part), "wb") as file:
        file.setparams((min(audio["waveform"].shape[1], 2), 2, rate, 0, "NONE", ""))
        file.writeframes(levels)
    return part.replace(path)


NODE_CLASS_MAPPINGS = {
    "OpenVasaPortrait": OpenVasaPortrait,
    "OpenVasaFrames": OpenVasaFrames,
    "OpenVasaVideo": OpenVasaVideo,
}
NODE_DISPLAY_NAME_MAPPINGS = {
    "OpenVasaPortrait": "Portrait (openvasa)",
    "OpenVasaFrames": "Speaking portrait, frames (openvasa)",
    "OpenVasaVideo": "Speaking portrait, video (openvasa)",
}
