"""The reference runtime: the networks themselves in PyTorch. Imported by name only."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from openvasa.audio.network import AudioNetwork
from openvasa.bundle import Bundle
from openvasa.engine.backends import sizes
from openvasa.engine.graphs import graph_table
from openvasa.latent import graphs as latent_graphs
from openvasa.latent.autoencoder import FaceAutoencoder
from openvasa.latent.config import LatentConfig
from openvasa.motion.config import MotionConfig
from openvasa.motion.denoiser import create_denoiser
from openvasa.types import Array


def networks(latent: LatentConfig, motion: MotionConfig) -> dict[str, nn.Module]:
    """Untrained networks of these sizes, by their names in a bundle."""
    return {
        "autoencoder": FaceAutoencoder(latent),
        "denoiser": create_denoiser(motion),
        "audio": AudioNetwork(),
    }


def graph_modules(models: Mapping[str, nn.Module]) -> dict[str, nn.Module]:
    """The modules behind every graph of the table, in evaluation mode."""
    face = models["autoencoder"]
    assert isinstance(face, FaceAutoencoder)
    modules: dict[str, nn.Module] = {
        "portrait": latent_graphs.PortraitGraph(face),
        "move": latent_graphs.MoveGraph(face),
        "decoder": latent_graphs.DecoderGraph(face),
        "embed": latent_graphs.EmbedGraph(face),
        "audio": models["audio"],
        "denoiser": models["denoiser"],
    }
    return {name: module.eval() for name, module in modules.items()}


def load_modules(bundle: Bundle) -> dict[str, nn.Module]:
    """The modules behind every graph, filled with a bundle's weights."""
    models = networks(*sizes(bundle))
    for name, network in models.items():
        weights = {key: torch.from_numpy(v) for key, v in bundle.tensors(name).items()}
        network.load_state_dict(weights)
    return graph_modules(models)


class TorchBackend:
    """The same networks as in the graphs of a bundle, from its weights."""

    def __init__(self, bundle: Bundle) -> None:
        """Builds the networks and fills them.

        Args:
            bundle: The model.
        """
        self._table = graph_table(*sizes(bundle))
        self._modules = load_modules(bundle)

    @torch.inference_mode()
    def __call__(self, graph: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """See `openvasa.engine.backends.Backend`."""
        table = self._table[graph]
        ordered = [torch.from_numpy(np.ascontiguousarray(inputs[key])) for key in table.inputs]
        out = self._modules[graph](*ordered)
        parts = (out,) if isinstance(out, Tensor) else out
        return dict(zip(table.outputs, (part.numpy() for part in parts), strict=True))
