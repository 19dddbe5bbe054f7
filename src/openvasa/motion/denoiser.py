"""The motion denoiser H: a transformer over previous frames and a noisy window; predicts x0.

Knows nothing of guidance, schedules or losses. Needs PyTorch; inference runs its ONNX export.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from openvasa.motion.config import CONDITION_NAMES, GRAPH_NAME, MotionConfig, Run, input_shapes
from openvasa.motion.smoother import pose_smoother
from openvasa.types import AUDIO_DIM, DYNAMICS_DIM, EMOTIONS, MOTION_DIM, POSE_DIM, Array

OPSET = 20
TIME_FREQUENCIES = 64


class MotionDenoiser(nn.Module):
    """Denoises a window of motion, given everything before and around it.

    Tokens are [prefix ; window]; each is motion + audio + place. The diffusion time and the
    global conditions modulate every block (AdaLN-zero, Peebles and Xie 2023). Each condition has
    a learned null of its own, which `keep` = 0 puts in its place.
    """

    audio_mean: Tensor  # [128] of the training data's features
    audio_std: Tensor  # [128]
    begun: Tensor  # [W, W], see `smoother.pose_smoother`
    followed: Tensor  # [W, W + 2]

    def __init__(
        self,
        width: int,
        layers: int,
        heads: int,
        expansion: int,
        window: int,
        prefix: int,
        dropout: float,
        smoothness: float,
    ) -> None:
        """Makes an untrained denoiser; the arguments are those of `MotionConfig`."""
        super().__init__()
        self.prefix = prefix
        self.register_buffer("audio_mean", torch.zeros(AUDIO_DIM))
        self.register_buffer("audio_std", torch.ones(AUDIO_DIM))
        self.noisy_in = nn.Linear(MOTION_DIM, width)
        self.previous_in = nn.Linear(MOTION_DIM, width)
        # A frame's lips depend on the sounds about to come: each token hears its neighbors too.
        self.audio_in = nn.Conv1d(AUDIO_DIM, width, kernel_size=3, padding=1)
        # What lips do is told by 0.2 s of sound to a large part, and linearly.
        self.speech = nn.Conv1d(AUDIO_DIM, DYNAMICS_DIM, kernel_size=5, padding=2)
        self.place = nn.Parameter(0.02 * torch.randn(prefix + window, width))
        self.time_in = _mlp(2 * TIME_FREQUENCIES, width)
        self.gaze_in = _mlp(2, width)
        self.distance_in = _mlp(1, width)
        self.emotion_in = _mlp(len(EMOTIONS), width)
        self.nulls = nn.ParameterDict(
            {name: nn.Parameter(0.02 * torch.randn(width)) for name in CONDITION_NAMES}
        )
        self.blocks = nn.ModuleList(
            Block(width, heads, expansion, dropout, window if layer == layers - 1 else None)
            for layer in range(layers)
        )
        self.out_modulation = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, MOTION_DIM)
        begun, followed = pose_smoother(window, smoothness)
        self.register_buffer("begun", torch.from_numpy(begun), persistent=False)
        self.register_buffer("followed", torch.from_numpy(followed), persistent=False)
        fading = 0.99 ** torch.arange(1, window + 1)
        self.hold = nn.Parameter(fading[:, None].repeat(1, POSE_DIM))
        for parameter in nn.ModuleList([self.out_modulation, self.out, self.speech]).parameters():
            nn.init.zeros_(parameter)

    def forward(
        self,
        noisy: Tensor,
        time: Tensor,
        previous_motion: Tensor,
        audio: Tensor,
        gaze: Tensor,
        distance: Tensor,
        emotion: Tensor,
        keep: Tensor,
    ) -> Tensor:
        """Predicts the clean window.

        Args:
            noisy: x_t, f32 [B, W, 54], normalized motion plus noise.
            time: f32 [B] in [0, 1]; 1 is pure noise.
            previous_motion: f32 [B, K, 54].
            audio: f32 [B, K + W, 128]; all-zero frames mean "not heard".
            gaze: f32 [B, 2] in the model's units, as the next two.
            distance: f32 [B, 1].
            emotion: f32 [B, 6], strengths.
            keep: f32 [B, 5], 1 or 0 in the order of `CONDITION_NAMES`.

        Returns:
            x0, f32 [B, W, 54].
        """
        previous, heard = keep[:, 0:1, None], keep[:, 1:2, None]  # [B, 1, 1]
        tokens = torch.cat(
            [
                self._or_null("previous", self.previous_in(previous_motion), previous),
                self.noisy_in(noisy),
            ],
            dim=1,
        )  # [B, K + W, width]
        sound = self.normalized_sound(audio, previous)
        tokens = tokens + self.place + self._hear(sound, previous, heard)
        state = self.time_in(_sinusoids(time))  # [B, width]
        state = state + self._or_null("gaze", self.gaze_in(gaze), keep[:, 2:3])
        state = state + self._or_null("distance", self.distance_in(distance), keep[:, 3:4])
        state = state + self._or_null("emotion", self.emotion_in(emotion), keep[:, 4:5])
        state = functional.silu(state)
        for block in self.blocks:
            tokens = block(tokens, state)  # the last one keeps only the window: [B, W, width]
        shift, scale = self.out_modulation(state)[:, None].chunk(2, dim=-1)
        frames = self.out(_modulate(tokens, shift, scale))
        pose = self._follow(frames[..., :POSE_DIM], previous_motion[..., :POSE_DIM], previous)
        told = self.speech(sound.transpose(1, 2)).transpose(1, 2)[:, self.prefix :]
        # The less a frame itself still shows, the more it takes from the sound.
        face = frames[..., POSE_DIM:] + heard * time[:, None, None] * told
        return torch.cat([pose, face], dim=-1)

    def _follow(self, change: Tensor, past: Tensor, previous: Tensor) -> Tensor:
        """Pose of the window [B, W, 6] from the network's output and the past poses [B, K, 6].

        Heads move slowly: what follows the last frame is that frame plus a little. Predicting
        the little makes the seam smooth from the first training step on. Two linear parts keep
        it so over hours: `hold` < 1 draws the head home (with 1, errors would add up to a random
        walk), and the smoother removes what heads do not do, from the last two frames on.
        """
        last = past[:, -1:] * self.hold.clamp(0.0, 1.0)
        followed = self.followed @ torch.cat([past[:, -2:], change + last], dim=1)
        return previous * followed + (1.0 - previous) * (self.begun @ change)

    def _or_null(self, name: str, value: Tensor, keep: Tensor) -> Tensor:
        """The condition's embedding, or its learned null where keep is 0."""
        return keep * value + (1.0 - keep) * self.nulls[name]

    def normalized_sound(self, audio: Tensor, previous: Tensor) -> Tensor:
        """Normalized audio features, f32 [B, K + W, 128]; 0 where nothing is heard.

        Without the previous window its audio is nulled too: a performance that begins has
        neither (the paper drops X_pre and A_pre together).
        """
        # Zeros mark frames past the recording's end: normalizing would turn them into a sound.
        real = (audio.abs().amax(dim=-1, keepdim=True) > 0).to(audio.dtype)
        scaled = real * (audio - self.audio_mean) / self.audio_std
        before = scaled[:, : self.prefix] * previous
        return torch.cat([before, scaled[:, self.prefix :]], dim=1)

    def _hear(self, sound: Tensor, previous: Tensor, heard: Tensor) -> Tensor:
        """Embeddings of the sound of all tokens, f32 [B, K + W, width]."""
        embedded = self.audio_in(sound.transpose(1, 2)).transpose(1, 2)
        # One flag for prefix and window tokens: prefix tokens also need the previous window.
        shown = torch.cat(
            [
                (heard * previous).expand(-1, self.prefix, -1),
                heard.expand(-1, sound.shape[1] - self.prefix, -1),
            ],
            dim=1,
        )
        return self._or_null("audio", embedded, shown)


class Block(nn.Module):
    """Self-attention and feed-forward, each modulated and gated by the conditions."""

    def __init__(
        self, width: int, heads: int, expansion: int, dropout: float, last: int | None = None
    ) -> None:
        """Makes one block.

        Args:
            width: Channels of a token.
            heads: Attention heads.
            expansion: Hidden width of the feed-forward block / width.
            dropout: Rate inside the block.
            last: Return only this many last tokens; the others are still attended to. The final
                block does so: nothing reads its prefix tokens.
        """
        super().__init__()
        self.heads = heads
        self.last = last
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.merge = nn.Linear(width, width)
        self.feed = nn.Sequential(
            nn.Linear(width, expansion * width),
            nn.GELU(approximate="tanh"),
            nn.Dropout(dropout),
            nn.Linear(expansion * width, width),
        )
        self.modulation = nn.Linear(width, 6 * width)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)

    def forward(self, tokens: Tensor, state: Tensor) -> Tensor:
        """Tokens [B, N, width], conditions [B, width] -> [B, N or last, width]."""
        modulation = self.modulation(state)[:, None].chunk(6, dim=-1)
        shift_a, scale_a, gate_a, shift_f, scale_f, gate_f = modulation  # [B, 1, width]
        normal = _modulate(tokens, shift_a, scale_a)
        if self.last is not None:
            tokens = tokens[:, -self.last :]
        tokens = tokens + gate_a * self._attend(normal)
        return tokens + gate_f * self.feed(_modulate(tokens, shift_f, scale_f))

    def _attend(self, normal: Tensor) -> Tensor:
        asking = normal if self.last is None else normal[:, -self.last :]
        query = self._split(self.query(asking))  # [B, heads, N, width / heads]
        key, value = (self._split(part) for part in self.key_value(normal).chunk(2, dim=-1))
        mixed = functional.scaled_dot_product_attention(query, key, value)
        return self.merge(mixed.transpose(1, 2).flatten(2))

    def _split(self, tokens: Tensor) -> Tensor:
        return tokens.unflatten(2, (self.heads, -1)).transpose(1, 2)


def create_denoiser(config: MotionConfig) -> MotionDenoiser:
    """An untrained denoiser of this size."""
    return MotionDenoiser(
        width=config.width,
        layers=config.layers,
        heads=config.heads,
        expansion=config.expansion,
        window=config.window,
        prefix=config.prefix,
        dropout=config.dropout,
        smoothness=config.smoothness,
    )


def as_run(network: MotionDenoiser) -> Run:
    """The network as the `run` callable that inference takes; for training and tests."""

    def run(graph: str, inputs: Mapping[str, Array]) -> Mapping[str, Array]:
        if graph != GRAPH_NAME:
            raise KeyError(f"only the graph {GRAPH_NAME!r} is here, not {graph!r}")
        device = network.audio_mean.device
        tensors = {name: torch.from_numpy(value).to(device) for name, value in inputs.items()}
        with torch.inference_mode():
            return {"x0": network(**tensors).float().cpu().numpy()}

    return run


def export_denoiser(network: MotionDenoiser, config: MotionConfig, path: Path) -> None:
    """Writes the ONNX graph `denoiser`, with any batch size.

    Args:
        network: The trained network; it is put in evaluation mode.
        config: Its configuration.
        path: The .onnx file to write.
    """
    network = network.eval().cpu().float()
    rng = np.random.default_rng(0)
    example = {
        name: torch.from_numpy(rng.random(shape, dtype=np.float32))
        for name, shape in input_shapes(config, batch=2).items()
    }
    batch = torch.export.Dim("batch", min=1, max=4096)
    program = torch.onnx.export(
        network,
        (),
        kwargs=example,
        input_names=list(example),
        output_names=["x0"],
        dynamic_shapes={name: {0: batch} for name in example},
        opset_version=OPSET,
        dynamo=True,
        verbose=False,
    )
    assert program is not None
    program.save(path)


def _modulate(tokens: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    normal = functional.layer_norm(tokens, tokens.shape[-1:])
    return normal * (1.0 + scale) + shift


def _mlp(inputs: int, width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, width), nn.SiLU(), nn.Linear(width, width))


def _sinusoids(time: Tensor) -> Tensor:
    """Features of the time, [B] in [0, 1] -> [B, 2 * TIME_FREQUENCIES]."""
    # Periods from 2 pi down to 2 pi / 1000: what 1000 discrete steps would tell apart.
    exponents = torch.arange(TIME_FREQUENCIES, device=time.device) / (TIME_FREQUENCIES - 1)
    angles = time[:, None] * torch.exp(exponents * math.log(1000.0))
    return torch.cat([angles.cos(), angles.sin()], dim=-1)
