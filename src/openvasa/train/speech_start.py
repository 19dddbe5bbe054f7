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
    reach, prefix = network.speech.kernel_size[0], network.prefix
    count, sums = 0, [torch.zeros(()).double()] * 4
    for batch in batches:
        inputs = dict(batch)
        target = inputs.pop("target")
        left = (target - network(**inputs))[..., POSE_DIM:].flatten(0, 1).double()  # [B W, 48]
        sound = network.normalized_sound(inputs["audio"], inputs["keep"][:, :1, None])
        padded = functional.pad(sound, (0, 0, reach // 2, reach // 2))
        around = padded.unfold(1, reach, 1)[:, prefix:]  # [B, W, 128, reach]
        heard = around.flatten(2).flatten(0, 1).double()  # [B W, 128 reach]
        more = (heard.sum(0), left.sum(0), heard.T @ heard, heard.T @ left)
        sums = [before + new for before, new in zip(sums, more, strict=True)]
        count += len(heard)
    center, mean = sums[0] / count, sums[1] / count
    gram = sums[2] - count * torch.outer(center, center)
    penalty = RIDGE * torch.diag(gram.diagonal().clamp(min=1e-6 * count))
    weight = torch.linalg.solve(gram + penalty, sums[3] - count * torch.outer(center, mean))
    shape = network.speech.weight.shape
    network.speech.weight.copy_(weight.T.reshape(shape))
    if network.speech.bias is not None:
        network.speech.bias.copy_(mean - center @ weight)
