"""Exponential moving average of a network's weights; knows nothing of losses or files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Ema:
    """The moving average of one network's weights, kept in float32.

    Floating-point entries of the state dict are averaged; all others (counters) are copied.
    """

    def __init__(self, module: nn.Module, decay: float = 0.999) -> None:
        """Starts the average at the network's present weights.

        Args:
            module: The network to follow.
            decay: Share of the old average kept at each update, in [0, 1).
        """
        if not 0.0 <= decay < 1.0:
            raise ValueError(f"EMA decay must lie in [0, 1), got {decay}")
        self.module = module
        self.decay = decay
        self._average = {
            name: value.detach().clone().float() if value.is_floating_point() else value.clone()
            for name, value in module.state_dict().items()
        }

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Moves the average toward the present weights after training step `step` (from 0)."""
        # Early on the start weights would dominate for 1/(1-decay) steps: shorter memory first.
        decay = min(self.decay, (1 + step) / (10 + step))
        averages: list[Tensor] = []
        weights: list[Tensor] = []
        for name, value in self.module.state_dict().items():
            if value.is_floating_point():
                averages.append(self._average[name])
                weights.append(value.detach().float())
            else:
                self._average[name].copy_(value)
        torch._foreach_lerp_(averages, weights, 1.0 - decay)

    def tensors(self) -> dict[str, Tensor]:
        """The averaged weights under the network's own names (live, not copies)."""
        return dict(self._average)

    @torch.no_grad()
    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Takes stored averages.

        Args:
            tensors: Exactly the names that `tensors` gives.

        Raises:
            ValueError: When names are missing or unknown.
        """
        wrong = set(tensors) ^ set(self._average)
        if wrong:
            raise ValueError(f"EMA weights do not fit the network: {sorted(wrong)[:5]}")
        for name, value in tensors.items():
            self._average[name].copy_(value)

    @contextmanager
    def applied(self) -> Iterator[nn.Module]:
        """The network with averaged weights, for validation; its own come back afterwards."""
        own = {name: value.detach().clone() for name, value in self.module.state_dict().items()}
        self.module.load_state_dict(self._average)
        try:
            yield self.module
        finally:
            self.module.load_state_dict(own)
