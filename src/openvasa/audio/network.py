"""The compact causal audio encoder: log-mel in, 128 features at 25 Hz out.

All convolutions are unpadded, so every output frame sees the same 76 mel columns whether the
graph runs on a block of 5 frames or on a minute of sound. Knows nothing of streams or teachers.
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from openvasa.audio.clock import BLOCK_COLUMNS, CONTEXT_COLUMNS
from openvasa.audio.mel import MEL_BINS
from openvasa.types import AUDIO_DIM

_KERNEL = 5


class CausalBlock(nn.Module):
    """Depthwise convolution over time, then a two-layer perceptron, around a residual path.

    The first `kernel - 1` frames are consumed: [B, T, C] in, [B, T - 4, C] out.
    """

    def __init__(self, width: int, expansion: int = 2) -> None:
        """Make a block of `width` channels whose hidden layer has `expansion` times as many."""
        super().__init__()
        self.depthwise = nn.Conv1d(width, width, _KERNEL, groups=width)
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, expansion * width)
        self.down = nn.Linear(expansion * width, width)
        nn.init.zeros_(self.down.bias)
        nn.init.normal_(self.down.weight, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        """Mix time, then channels."""
        mixed = self.depthwise(x.transpose(1, 2)).transpose(1, 2)
        return x[:, _KERNEL - 1 :] + self.down(functional.gelu(self.up(self.norm(mixed))))


class AudioNetwork(nn.Module):
    """Log-mel to features; 1.5 million parameters, 0.775 s of sound for one frame.

    Output frame i of a run sees mel columns [4 i, 4 i + 76). Whoever wants frame t of a
    recording lets those end at column 4 (t + 2), which gives one frame of look-ahead.
    """

    def __init__(self, width: int = 256, blocks: int = 4) -> None:
        """Make the network.

        Args:
            width: Channels of the 25 Hz blocks.
            blocks: How many; 4 gives the 76 columns of context that the clock promises.
        """
        super().__init__()
        self.stem = nn.Conv1d(MEL_BINS, 160, 3)
        self.to_50hz = nn.Conv1d(160, width, 4, stride=2)
        self.to_25hz = nn.Conv1d(width, width, 4, stride=2)
        self.blocks = nn.ModuleList(CausalBlock(width) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, AUDIO_DIM)

    def forward(self, mel: Tensor) -> Tensor:
        """Encode.

        Args:
            mel: f32 [B, 80, n] with n >= 76.

        Returns:
            f32 [B, (n - 76) // 4 + 1, 128], each feature of about unit variance over speech.
        """
        x = functional.gelu(self.stem(mel))
        x = functional.gelu(self.to_50hz(x))
        x = self.to_25hz(x).transpose(1, 2)
        for block in self.blocks:
            x = block(x)
        features: Tensor = self.out(self.norm(x))
        return features


def example_input() -> Tensor:
    """The one shape that inference uses: silence for a block, f32 [1, 80, 92]."""
    assert BLOCK_COLUMNS >= CONTEXT_COLUMNS
    return torch.zeros(1, MEL_BINS, BLOCK_COLUMNS)


def export_audio(network: AudioNetwork, folder: Path) -> tuple[Path, Path]:
    """Write the weights and the inference graph.

    Args:
        network: The trained network; its weights are rounded to fp16 in place, so that every
            copy of it computes with the same numbers.
        folder: Receives audio.safetensors (fp16) and audio.onnx (mel -> features).

    Returns:
        The two paths.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights, graph = folder / "audio.safetensors", folder / "audio.onnx"
    rounded = {name: value.detach().half() for name, value in network.state_dict().items()}
    save_file({name: value.contiguous() for name, value in rounded.items()}, weights)
    network.load_state_dict(rounded)
    network.eval()
    torch.onnx.export(
        network, (example_input(),), str(graph), input_names=["mel"],
        output_names=["features"], dynamo=True, external_data=False, verbose=False,
    )  # fmt: skip
    return weights, graph


def load_audio(weights: Path) -> AudioNetwork:
    """The network from its audio.safetensors, in float32."""
    network = AudioNetwork()
    network.load_state_dict({k: v.float() for k, v in load_file(weights).items()})
    return network.eval()
