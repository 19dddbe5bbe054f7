"""Speech -> lips as real speakers move them: a small network over a speech model's features.

It learns from the few real clips and is asked about any voice: the speech model has heard thousands
of them. Knows nothing of files or training.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from openvasa.types import EXPRESSION_DIM, EXPRESSION_NAMES, Array

LIPS = [
    i for i, name in enumerate(EXPRESSION_NAMES[: EXPRESSION_DIM - 2])
    if name.startswith(("jaw", "mouth", "cheekPuff"))
]  # fmt: skip
_WIDTH, _REACH, _LAYERS, _DROP = 128, 5, 3, 0.2
# A mean of what speakers may do moves less than any of them: of what is told for strange voices the
# widest tenth of the openings is 0.8 of the real speakers', and widths spread 0.75 as far.
SPREAD = 1.25


class LipsNetwork(nn.Module):
    """Features [N, T, F] and whose clip it is [N] -> expressions of the lips [N, T, L].

    Speaker 0 is nobody in particular: told so of some training clips, the network learns what
    speakers have in common. Its sight is 8 frames to either side: no live network, a teacher.
    """

    mean: Tensor  # [L]
    std: Tensor  # [L]

    def __init__(self, features: int, people: int, mean: Array, std: Array) -> None:
        """Makes an untrained network that knows the lips' mean and spread."""
        super().__init__()
        self.norm = nn.LayerNorm(features)
        self.enter = nn.Linear(features, _WIDTH)
        self.who = nn.Embedding(people + 1, _WIDTH)
        self.layers = nn.ModuleList(
            nn.Conv1d(_WIDTH, _WIDTH, _REACH, padding=_REACH // 2) for _ in range(_LAYERS)
        )
        self.leave = nn.Linear(_WIDTH, len(LIPS))
        self.drop = nn.Dropout(_DROP)
        self.register_buffer("mean", torch.from_numpy(mean))
        self.register_buffer("std", torch.from_numpy(std))

    def forward(self, features: Tensor, who: Tensor) -> Tensor:
        """See the class."""
        x = self.enter(self.drop(self.norm(features))) + self.who(who)[:, None]
        for layer in self.layers:
            x = x + self.drop(F.gelu(layer(x.transpose(1, 2)).transpose(1, 2)))
        return self.leave(x) * self.std + self.mean

    @torch.no_grad()
    def speak(self, features: Array) -> Array:
        """Lips of nobody in particular, f32 [T, 45] in [0, 1], zero but for the lips; see `SPREAD`.

        Args:
            features: f32 [T, F].
        """
        told = self(torch.from_numpy(features)[None], torch.zeros(1, dtype=torch.long))[0]
        out = np.zeros((len(features), EXPRESSION_DIM), np.float32)
        out[:, LIPS] = (SPREAD * told).clamp(0, 1).numpy()
        return out
