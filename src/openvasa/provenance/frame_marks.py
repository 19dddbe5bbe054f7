"""What every frame gets on its way out: the visible label if asked for, then the invisible mark."""

from __future__ import annotations

import numpy as np

from openvasa.provenance.label import draw_label, label_cover
from openvasa.provenance.pixel_mark import PixelMark
from openvasa.types import Image


class FrameMarks:
    """Marks frames; safe to call from several threads.

    Attributes:
        content_id: The 48 bits that the invisible mark carries.
        label: Whether the visible label is drawn.
    """

    def __init__(self, content_id: int, *, label: bool = False) -> None:
        """Makes the mark's pattern.

        Args:
            content_id: In [0, 2**48), see `origin.content_id`.
            label: Whether people are to see that it is AI-generated.
        """
        self.content_id, self.label = content_id, label
        self._mark = PixelMark(content_id)

    def __call__(self, image: Image) -> Image:
        """The marked frame, a new array.

        Args:
            image: u8 [H, W, 3].
        """
        return self._mark.embed(draw_label(image) if self.label else image)

    def opaque(self, alpha: Image) -> Image:
        """An alpha channel u8 [H, W] that lets nobody see through the label."""
        if not self.label:
            return alpha
        return np.maximum(alpha, label_cover(*alpha.shape))
