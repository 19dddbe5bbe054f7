"""Gradient checkpointing: activations are calculated again instead of kept (Chen et al., 2016).

Time for memory: one more forward pass of the blocks, and only their inputs are kept.
"""

from __future__ import annotations

from functools import partial

from torch import nn
from torch.utils.checkpoint import checkpoint

from openvasa.latent.blocks import Down, Residual


def recompute_blocks(network: nn.Module) -> None:
    """Makes the convolutional blocks of a network recompute in its backward passes, in place.

    Gradients and the state dict stay what they are.
    """
    for module in network.modules():
        if isinstance(module, Down | Residual):
            again = partial(checkpoint, module.forward, use_reentrant=False)
            module.forward = again  # type: ignore[method-assign]
