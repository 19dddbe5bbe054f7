"""The one table of inference graphs: tensor names, shapes, and which axes are free.

Backends check against it, export follows it. Knows no network and no runtime.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from openvasa.audio.clock import BLOCK_COLUMNS, BLOCK_FRAMES
from openvasa.audio.mel import MEL_BINS
from openvasa.latent.config import LatentConfig
from openvasa.latent.surface import POINTS
from openvasa.motion.config import MotionConfig, input_shapes
from openvasa.types import AUDIO_DIM, EXPRESSION_DIM, MOTION_DIM, POSE_DIM

Shape = tuple[int, ...]
OPSET = 20  # the first with a 5-D GridSample, which `portrait` needs


@dataclass(frozen=True)
class Graph:
    """One inference graph; all tensors are f32.

    Attributes:
        network: Which network's weights are in it.
        inputs: Shapes by name, in order.
        outputs: Shapes by name, in order.
        batched: Whether the first axis of every tensor may have any length.
    """

    network: str
    inputs: Mapping[str, Shape]
    outputs: Mapping[str, Shape]
    batched: bool = False

    @property
    def stored_outputs(self) -> tuple[str, ...]:
        """Output names inside the file, where an output cannot be called as an input is."""
        return tuple(f"{name}_out" if name in self.inputs else name for name in self.outputs)


def graph_table(latent: LatentConfig, motion: MotionConfig) -> dict[str, Graph]:
    """Every graph of a model of these sizes, by name."""
    return {**_latent_graphs(latent), **_audio_and_motion(motion)}


def _audio_and_motion(config: MotionConfig) -> dict[str, Graph]:
    inputs = input_shapes(config, batch=2)
    return {
        "audio": Graph(
            "audio",
            {"mel": (1, MEL_BINS, BLOCK_COLUMNS)},
            {"features": (1, BLOCK_FRAMES, AUDIO_DIM)},
        ),
        "denoiser": Graph("denoiser", inputs, {"x0": (2, config.window, MOTION_DIM)}, batched=True),
    }


def _latent_graphs(config: LatentConfig) -> dict[str, Graph]:
    size, cells, depth = config.image_size, config.volume_size, config.volume_depth
    channels = config.volume_channels + 1  # features and density
    image: Shape = (1, 3, size, size)
    points: Shape = (1, POINTS, 3)
    volume: Shape = (1, channels, depth, cells, cells)
    identity: Shape = (1, config.identity_dim)
    pose: Shape = (1, POSE_DIM)
    dynamics: Shape = (1, config.dynamics_dim)
    side = size // 4  # of the mouth's window
    mouth: Shape = (1, 3, side, side)
    return {
        "portrait": Graph(
            "autoencoder",
            {"image": image, "points": points, "pose": pose},
            {
                "appearance": volume, "neutral": points, "identity": identity,
                "dynamics": dynamics,
            },
        ),
        "move": Graph(
            "autoencoder",
            {
                "neutral": points, "identity": identity, "rest": pose, "pose": pose,
                "dynamics": dynamics,
            },
            {"points": points, "at": (1, depth, cells, cells, 3)},
        ),
        "decoder": Graph(
            "autoencoder",
            {
                "volume": (1, channels, depth, cells // 4, cells // 4), "drawn": mouth,
                "hole": (1, 1, side, side), "identity": identity, "rest": pose,
                "own_dynamics": dynamics, "pose": pose, "dynamics": dynamics,
            },
            {"gain": mouth, "offset": mouth},
        ),
        "embed": Graph(
            "autoencoder", {"expression": (2, EXPRESSION_DIM)},
            {"dynamics": (2, config.dynamics_dim)}, batched=True,
        ),
    }  # fmt: skip
