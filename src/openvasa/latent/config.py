"""Sizes of the face latent model; presets share all code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from openvasa.types import DYNAMICS_DIM, InputError


@dataclass(frozen=True, kw_only=True)
class LatentConfig:
    """Every size of the face latent model."""

    motion_size: int = 128  # pixels of the crop as the motion encoder sees it
    image_size: int = 256  # pixels of the network's crop; the volume has image_size / 8 a side
    appearance_widths: tuple[int, ...] = (16, 32, 64)  # channels at 1/2, 1/4, 1/8 of the crop
    appearance_blocks: int = 2  # residual blocks at 1/8
    volume_channels: int = 8  # features a voxel, density not counted
    volume_depth: int = 16  # voxels along the line of sight
    motion_widths: tuple[int, ...] = (24, 32, 48, 64, 128)  # motion encoder, a stride 2 each
    identity_dim: int = 64  # z_id
    dynamics_dim: int = DYNAMICS_DIM  # z_dyn
    field_bases: int = 96  # non-rigid warp: learned displacements of the control points
    field_grid: tuple[int, int, int] = (4, 16, 16)  # coarse voxels that displacements spread to
    decoder_widths: tuple[int, ...] = (64, 48, 32, 16)  # channels at 1/8 to 1/1 of the crop
    decoder_blocks: tuple[int, ...] = (2, 1, 1, 1)  # residual blocks at each
    condition_dim: int = 128  # width of the code that modulates the decoder

    @property
    def volume_size(self) -> int:
        """Voxels along height and width."""
        return self.image_size // 8

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a bundle's config.json."""
        return asdict(self)


PRESETS = {
    "compact": LatentConfig(),
    "paper": LatentConfig(
        image_size=512,
        motion_size=256,
        appearance_widths=(96, 192, 512),
        appearance_blocks=12,
        volume_channels=48,
        motion_widths=(64, 128, 256, 512, 768),
        identity_dim=512,
        field_bases=256,
        field_grid=(8, 32, 32),
        decoder_widths=(512, 256, 128, 64),
        decoder_blocks=(10, 6, 3, 2),
        condition_dim=512,
    ),
    "tiny": LatentConfig(
        image_size=64,
        motion_size=64,
        appearance_widths=(4, 8, 8),
        appearance_blocks=1,
        volume_channels=4,
        volume_depth=4,
        motion_widths=(4, 8, 8, 8),
        identity_dim=8,
        field_bases=4,
        field_grid=(2, 4, 4),
        decoder_widths=(8, 8, 8, 8),
        decoder_blocks=(1, 1, 1, 1),
        condition_dim=8,
    ),
}


def latent_config(values: Mapping[str, Any]) -> LatentConfig:
    """A config from plain values, as `LatentConfig.to_dict` gives them or JSON holds them.

    Raises:
        InputError: A key is not a field of `LatentConfig`.
    """
    known = {f.name for f in fields(LatentConfig)}
    unknown = set(values) - known
    if unknown:
        raise InputError(f"unknown latent settings {sorted(unknown)}; there are {sorted(known)}")
    plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    return LatentConfig(**plain)
