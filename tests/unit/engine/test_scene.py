"""Shapes and backgrounds: exact sizes, the face in the middle, marks wherever anything shows."""

from dataclasses import replace

import av
import numpy as np
import pytest
from PIL import Image as PilImage

from openvasa.engine.render import Renderer
from openvasa.engine.scene import Scene, read_background, view, window
from openvasa.provenance.frame_marks import FrameMarks
from openvasa.provenance.label import label_cover
from openvasa.types import CropBox, InputError, Motion
from tiny_model import tone

RED = (200, 30, 40)


@pytest.fixture(scope="module")
def person(avatar):
    """The avatar, with a matte that ends before the square does."""
    y, x = np.mgrid[:512, :512] / 255.5 - 1
    matte = np.clip(5 * (0.7 - np.hypot(x, y)), 0, 1).astype(np.float32)
    return replace(avatar, matte=matte)


def _frame(animator, avatar, **asked):
    renderer = Renderer(avatar, animator.run, animator.topology, **asked)
    frame = renderer(Motion(np.zeros((1, 6), np.float32), avatar.dynamics), 0)
    assert frame.image.shape == (*renderer.size[::-1], 3)
    return frame


@pytest.mark.parametrize(
    ("framing", "size", "aspect", "expected"),
    [
        ("crop", 256, (9, 16), (256, 144)), ("crop", 256, (16, 9), (144, 256)),
        ("crop", 256, (1, 1), (256, 256)), ("full", None, (9, 16), (144, 80)),
        ("full", 72, (1, 2), (72, 36)),
    ],
)  # fmt: skip
def test_shapes(animator, avatar, framing, size, aspect, expected) -> None:
    frame = _frame(animator, avatar, framing=framing, size=size, scene=Scene(aspect))
    assert frame.image.shape[:2] == expected and frame.alpha is None


def test_a_window_is_even_inside_and_around_its_center() -> None:
    assert window(101, 51, None, (0, 0)) == (slice(0, 50), slice(0, 100))
    assert window(200, 100, (1, 1), (150, 50)) == (slice(0, 100), slice(100, 200))
    assert window(200, 100, (1, 1), (90, 50)) == (slice(0, 100), slice(40, 140))


def test_a_color_lies_behind_the_person(animator, person) -> None:
    bare = {"marks": lambda image: image, "size": 128}
    plain, red = (
        _frame(animator, person, scene=Scene(background=behind), **bare).image.astype(int)
        for behind in (None, RED)
    )
    assert np.array_equal(red[0, 0], RED) and np.array_equal(red[-1, 5], RED)
    assert np.abs(red - plain)[54:74, 54:74].max() <= 1


def test_a_picture_covers_what_is_shown(animator, person) -> None:
    picture = np.zeros((40, 90, 3), np.uint8)
    picture[:, :45] = 250
    scene = Scene((9, 16), picture)
    image = _frame(animator, person, scene=scene, size=128, marks=lambda image: image).image
    assert (image[0, :30] > 200).all() and (image[0, 45:] < 50).all()


def test_transparent_frames_composed_are_frames_on_a_color(animator, person) -> None:
    bare = FrameMarks(7)
    bare._mark.embed = lambda image: image  # type: ignore[method-assign]
    asked = {"size": 128, "marks": bare}
    frame = _frame(animator, person, scene=Scene(background="transparent"), **asked)
    alpha = frame.alpha[..., None] / 255
    composed = frame.image * alpha + np.array(RED) * (1 - alpha)
    direct = _frame(animator, person, scene=Scene(background=RED), **asked).image
    assert frame.alpha[0, 0] == 0 and frame.alpha[64, 64] == 255
    assert np.abs(composed - direct).max() <= 2


def test_the_label_is_seen_on_transparent_frames(animator, person) -> None:
    asked = {"scene": Scene(background="transparent"), "size": 256}
    frame = _frame(animator, person, marks=FrameMarks(5, label=True), **asked)
    cover = label_cover(256, 256) > 0
    assert cover.any() and (frame.alpha[cover] == 255).all()
    assert (_frame(animator, person, marks=FrameMarks(5), **asked).alpha[cover] < 255).any()


def test_a_transparent_video_keeps_its_alpha(animator, person, tmp_path) -> None:
    clip = animator.animate(
        person, tone(0.2), steps=1, size=128, scene=Scene(background="transparent")
    )
    with pytest.raises(InputError, match=r"\.mov"):
        clip.save(tmp_path / "a.mp4")
    clip.save(tmp_path / "a.mov")
    with av.open(str(tmp_path / "a.mov")) as container:
        assert container.streams.audio
        frames = [frame.to_ndarray(format="rgba") for frame in container.decode(video=0)]
    assert len(frames) == len(clip)
    assert frames[0][0, 0, 3] <= 2 and frames[0][64, 64, 3] >= 253


def test_what_cannot_be_shown_is_told(animator, avatar, tmp_path) -> None:
    PilImage.new("RGB", (4, 3), RED).save(tmp_path / "a.png")
    assert read_background("#c81e28") == RED and read_background("transparent") == "transparent"
    assert read_background(str(tmp_path / "a.png")).shape == (3, 4, 3)
    with pytest.raises(InputError, match="#204060"):
        read_background("mauve")
    for wrong in ({"aspect": (1, 9)}, {"aspect": (0, 1)}, {"background": (1, 2, 300)}):
        with pytest.raises(InputError):
            Scene(**wrong)
    everyone = replace(avatar, matte=np.ones((512, 512), np.float32))
    with pytest.raises(InputError, match="told apart"):
        _frame(animator, everyone, scene=Scene(background=RED))
    with pytest.raises(InputError, match="framing 'crop'"):
        _frame(animator, avatar, framing="full", scene=Scene(background=RED))


@pytest.mark.parametrize(
    ("box", "shape", "expected"),
    [
        ((50.0, 50.0, 80.0), (100, 100), (0.0, 0.0, 1.0)),  # the photo holds the whole square
        ((50.0, 50.0, 125.0), (100, 100), (0.1, 0.1, 0.8)),  # it ends before it on all sides
        ((40.0, 90.0, 100.0), (200, 100), (0.1, 0.05, 0.9)),  # it ends before it on one side
        ((50.0, 50.0, 400.0), (100, 100), (0.2, 0.2, 0.6)),  # too tight: some is made up
    ],
)
def test_the_view_keeps_to_the_photo(box, shape, expected) -> None:
    photo = np.zeros((*shape, 3), np.uint8)
    np.testing.assert_allclose(view(CropBox(*box), photo), expected, atol=1e-9)
