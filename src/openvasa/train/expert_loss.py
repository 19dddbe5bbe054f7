"""Contrastive losses of the expert judges."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def info_nce(first: Tensor, second: Tensor, scale: Tensor) -> Tensor:
    """Each vector must find its partner among all others, in both directions.

    InfoNCE (van den Oord et al. 2018) as CLIP uses it (Radford et al. 2021).

    Args:
        first: [N, D], unit vectors.
        second: [N, D], unit vectors; row k belongs to row k.
        scale: [], inverse temperature.
    """
    likeness = scale * first @ second.T
    truth = torch.arange(len(first), device=first.device)
    both = functional.cross_entropy(likeness, truth) + functional.cross_entropy(likeness.T, truth)
    return both / 2


def shift_curves(first: Tensor, second: Tensor, reach: int) -> Tensor:
    """Mean cosine of clips at every shift, where both exist.

    Args:
        first: [B, W, D], unit vectors of windows one frame apart.
        second: [B, W, D].
        reach: Shifts to either side, below W.

    Returns:
        [B, 2 reach + 1]; shift s compares window t of `first` with t + s of `second`.
    """
    likeness = first @ second.transpose(1, 2)
    curves = [likeness.diagonal(s, 1, 2).mean(1) for s in range(-reach, reach + 1)]
    return torch.stack(curves, 1)
