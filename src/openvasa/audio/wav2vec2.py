"""A pretrained Wav2Vec2 behind the interface of the compact encoder, for offline use.

Needs the `transformers` package and weights the user has; knows nothing of the compact network.
The published encoder hears the whole recording at once, so it has no streaming state.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from openvasa.audio.clock import frame_count
from openvasa.audio.encoder import checked
from openvasa.types import FPS, SAMPLE_RATE, Array, InputError

if TYPE_CHECKING:
    from torch import nn

MINIMUM_SAMPLES = 400  # the receptive field of its convolutional front


class Wav2Vec2Encoder:
    """Wav2Vec2 features on the 25 Hz clock.

    Source: Baevski et al., "wav2vec 2.0", 2020; the encoder that VASA-1 (Xu et al., 2024) uses.
    """

    def __init__(self, model: nn.Module, layer: int = -1, normalize: bool = True) -> None:
        """Wrap a loaded model.

        Args:
            model: A `transformers.Wav2Vec2Model` in evaluation mode.
            layer: Which hidden state; -1 is the last, 0 the input of the first layer.
            normalize: Bring each recording to zero mean and unit variance, as the model's own
                feature extractor says it was trained.
        """
        self._model: Any = model
        self._layer = layer
        self._normalize = normalize

    @property
    def width(self) -> int:
        """Features a frame: 768 for the base model, 1024 for the large one."""
        return int(self._model.config.hidden_size)

    def encode(self, samples: Array) -> Array:
        """Features of a whole recording.

        Args:
            samples: f32 [N] in [-1, 1] at 16 kHz.

        Returns:
            f32 [ceil(N / 640), width].

        Raises:
            InputError: If the samples are not one finite channel.
        """
        import torch

        sound = checked(samples)
        frames = frame_count(len(sound))
        if frames == 0:
            return np.zeros((0, self.width), np.float32)
        if self._normalize:
            sound = (sound - sound.mean()) / np.sqrt(sound.var() + 1e-7)
        sound = np.pad(sound, (0, max(0, MINIMUM_SAMPLES - len(sound))))
        with torch.no_grad():
            out = self._model(torch.from_numpy(sound)[None], output_hidden_states=True)
        states: Array = out.hidden_states[self._layer][0].float().cpu().numpy()
        stride = int(np.prod(self._model.config.conv_stride))
        return on_clock(states, frames, stride)


def on_clock(states: Array, frames: int, stride: int) -> Array:
    """States made every `stride` samples, read at the middle of every 25 Hz frame.

    State i of Wav2Vec2 is centered on sample `stride * i + 200`; between two states the values
    are mixed linearly, beyond the ends the outermost state is repeated.

    Args:
        states: f32 [S, D].
        frames: How many frames.
        stride: Samples between two states.

    Returns:
        f32 [frames, D].
    """
    middles = (np.arange(frames) + 0.5) * (SAMPLE_RATE / FPS)
    where = np.clip((middles - MINIMUM_SAMPLES / 2) / stride, 0, len(states) - 1)
    low = np.floor(where).astype(int)
    high = np.minimum(low + 1, len(states) - 1)
    part = (where - low)[:, None].astype(np.float32)
    mixed: Array = (states[low] * (1 - part) + states[high] * part).astype(np.float32)
    return mixed


def load_wav2vec2(source: str | Path, layer: int = -1) -> Wav2Vec2Encoder:
    """Load a Wav2Vec2 encoder.

    Args:
        source: A folder with config.json and the weights, or a model's name on the hub (then
            `transformers` downloads it).
        layer: Which hidden state to give.

    Returns:
        The encoder, in evaluation mode on the CPU.

    Raises:
        InputError: If `transformers` or the weights are missing, or they are of another kind.
    """
    try:
        import torch  # noqa: F401
        from transformers import Wav2Vec2Model
    except ImportError as error:
        raise InputError(
            "Wav2Vec2 needs torch and transformers: pip install torch transformers."
        ) from error
    folder = Path(source)
    if isinstance(source, Path) and not folder.is_dir():
        raise InputError(f"{source} is not a folder: give the folder of a Wav2Vec2 model.")
    if folder.is_dir() and not (folder / "config.json").exists():
        raise InputError(f"{folder} has no config.json: give the folder of a Wav2Vec2 model.")
    try:
        model = Wav2Vec2Model.from_pretrained(str(source))
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"Could not load Wav2Vec2 from {source}: {reason}") from error
    if model.config.model_type != "wav2vec2":
        raise InputError(f"{source} holds a {model.config.model_type} model, not Wav2Vec2.")
    return Wav2Vec2Encoder(model.eval(), layer, _wants_normalized(folder))


def _wants_normalized(folder: Path) -> bool:
    path = folder / "preprocessor_config.json"
    return bool(json.loads(path.read_text()).get("do_normalize", True)) if path.exists() else True
