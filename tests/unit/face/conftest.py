"""The example portrait, for the tests that need a face."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PilImage

PORTRAIT = Path(__file__).parents[3] / "examples" / "portrait.jpg"


@pytest.fixture(scope="session")
def portrait():
    """u8 [H, W, 3], long side at most 1024."""
    if not PORTRAIT.is_file():
        pytest.skip("examples/portrait.jpg is not there")
    picture = PilImage.open(PORTRAIT).convert("RGB")
    picture.thumbnail((1024, 1024))
    return np.asarray(picture, np.uint8)


@pytest.fixture(scope="session")
def portrait_face(portrait):
    """The detector's view of the portrait's face."""
    from openvasa.face.detect import detect

    return detect(portrait)[0]
