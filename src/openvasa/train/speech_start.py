"""A motion network's first lips: a regression from sound to what the network leaves.

A transformer takes thousands of steps to find what 0.2 s of sound tell linearly. Solved for at the
start, it learns from the first step on what a regression cannot say.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import functional

from openvasa.motion.denoiser import MotionDenoiser
from openvasa.types import POSE_DIM

RIDGE = 0.3  # of a feature's own variance: best on speakers left out


@torch.no_grad()
def fit_speech(network: MotionDenoiser, batches: Iterable[dict[str, Tensor]]) -> None:
    """Sets the weights of `network.speech` to the ridge regression of what the network leaves.

    Args:
        network: Filled in place; its other weights stay. Its `speech` must be all zero.
        batches: Inputs of the network for windows of pure noise, all heard, and `target`.
    """
    reach = network.speech.kernel_size[0]
    heard, left = [], []
    for batch in batches:
        inputs = dict(batch)
        target = inputs.pop("target")
        missing = (target - network(**inputs))[..., POSE_DIM:]  # [B, W, 48]
        sound = network._sound(inputs["audio"], inputs["keep"][:, :1, None])
        padded = functional.pad(sound, (0, 0, reach // 2, reach // 2))
        around = padded.unfold(1, reach, 1)[:, network.prefix :]  # [B, W, 128, reach]
        heard.append(around.flatten(2).flatten(0, 1))
        left.append(missing.flatten(0, 1))
    known, wanted = torch.cat(heard).double(), torch.cat(left).double()
    center, mean = known.mean(0), wanted.mean(0)
    known -= center
    gram = known.T @ known
    penalty = RIDGE * torch.diag(gram.diagonal().clamp(min=1e-6 * len(known)))
    weight = torch.linalg.solve(gram + penalty, known.T @ (wanted - mean))  # [128 reach, 48]
    shape = network.speech.weight.shape
    network.speech.weight.copy_(weight.T.reshape(shape))
    if network.speech.bias is not None:
        network.speech.bias.copy_(mean - center @ weight)
