"""Photos of every kind come in as a person sees them; bad ones get one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from openvasa.media.image import load_photo, save_png
from openvasa.types import InputError

COLOR = (200, 100, 50)


def _plain(width: int = 40, height: int = 30) -> Image.Image:
    return Image.new("RGB", (width, height), COLOR)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.bmp", "a.tif", "a.ppm", "a.jp2"])
def test_common_formats(tmp_path: Path, name: str) -> None:
    _plain().save(tmp_path / name)
    photo = load_photo(tmp_path / name)
    assert photo.shape == (30, 40, 3) and photo.dtype == np.uint8
    assert np.abs(photo.mean((0, 1)) - COLOR).max() < 4


def test_every_orientation_comes_upright(tmp_path: Path) -> None:
    upright = np.zeros((20, 30, 3), np.uint8)
    upright[:10, :15] = 255  # the top left corner is white
    turns = {1: 0, 3: 2, 6: 1, 8: 3}  # orientation -> quarter turns that the camera stored
    for orientation, quarters in turns.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        path = tmp_path / f"{orientation}.png"
        Image.fromarray(np.rot90(upright, quarters).copy()).save(path, exif=exif)
        assert np.array_equal(load_photo(path), upright), orientation


def test_transparency_lies_over_white(tmp_path: Path) -> None:
    picture = Image.new("RGBA", (8, 8), (*COLOR, 0))
    picture.putpixel((0, 0), (*COLOR, 255))
    picture.save(tmp_path / "a.png")
    photo = load_photo(tmp_path / "a.png")
    assert tuple(photo[0, 0]) == COLOR and tuple(photo[4, 4]) == (255, 255, 255)


def test_palette_with_transparency(tmp_path: Path) -> None:
    picture = Image.new("P", (8, 8), 0)
    picture.putpalette([*COLOR, 1, 2, 3])
    picture.putpixel((0, 0), 1)
    picture.save(tmp_path / "a.png", transparency=0)
    photo = load_photo(tmp_path / "a.png")
    assert tuple(photo[0, 0]) == (1, 2, 3) and tuple(photo[4, 4]) == (255, 255, 255)


def test_sixteen_bits_keep_their_brightness(tmp_path: Path) -> None:
    values = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    Image.fromarray(values).save(tmp_path / "a.png")
    Image.fromarray(values).save(tmp_path / "a.tif")
    Image.fromarray((values / 65535).astype(np.float32)).save(tmp_path / "f.tif")
    for name in ("a.png", "a.tif", "f.tif"):
        photo = load_photo(tmp_path / name)
        assert np.abs(photo[..., 0] - values / 65535 * 255).max() <= 1, name


@pytest.mark.parametrize("mode", ["L", "LA", "1", "CMYK"])
def test_other_modes_become_rgb(tmp_path: Path, mode: str) -> None:
    path = tmp_path / ("a.jpg" if mode == "CMYK" else "a.png")
    _plain().convert("L").convert("RGB" if mode == "CMYK" else mode).convert(mode).save(path)
    photo = load_photo(path)
    assert photo.shape == (30, 40, 3)
    if mode != "1":
        assert np.abs(photo.mean() - np.asarray(_plain().convert("L")).mean()) < 4


def test_first_picture_of_an_animation(tmp_path: Path) -> None:
    red, blue = Image.new("RGB", (8, 8), (255, 0, 0)), Image.new("RGB", (8, 8), (0, 0, 255))
    red.save(tmp_path / "a.gif", save_all=True, append_images=[blue])
    assert tuple(load_photo(tmp_path / "a.gif")[0, 0]) == (255, 0, 0)


def test_color_profiles(tmp_path: Path) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    _plain().save(tmp_path / "a.png", icc_profile=srgb)
    _plain().save(tmp_path / "b.png", icc_profile=b"not a profile at all")
    for name in ("a.png", "b.png"):
        assert np.abs(load_photo(tmp_path / name)[0, 0] - np.array(COLOR)).max() <= 1


def test_large_photos(tmp_path: Path) -> None:
    Image.new("L", (5000, 4000)).save(tmp_path / "20.png")
    assert load_photo(tmp_path / "20.png").shape == (4000, 5000, 3)
    Image.new("1", (9000, 7000)).save(tmp_path / "63.png")
    Image.new("1", (30000, 30000)).save(tmp_path / "900.png")
    for name in ("63.png", "900.png"):
        with pytest.raises(InputError, match="megapixels"):
            load_photo(tmp_path / name)


def test_bad_photos_get_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("this is no picture")
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)
    bad = [tmp_path / "missing.jpg", tmp_path, tmp_path / "empty.jpg", tmp_path / "text.jpg"]
    for name in ("a.jpg", "a.png", "a.webp", "a.tif", "a.gif"):
        Image.fromarray(noise).save(tmp_path / name)
        whole = (tmp_path / name).read_bytes()
        for share in (0.02, 0.5, 0.9):
            bad.append(tmp_path / f"{share}_{name}")
            bad[-1].write_bytes(whole[: int(len(whole) * share)])
    for path in bad:
        with pytest.raises(InputError) as caught:
            load_photo(path)
        assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


def test_damaged_bytes_never_raise_anything_else(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    random = np.random.default_rng(1)
    for name in ("a.jpg", "a.png", "a.webp", "a.tif", "a.gif", "a.bmp"):
        Image.fromarray(noise).save(tmp_path / name)
        whole = np.frombuffer((tmp_path / name).read_bytes(), np.uint8)
        for _ in range(20):
            hurt = whole.copy()
            places = random.integers(0, min(len(hurt), 400), 8)
            hurt[places] = random.integers(0, 255, 8)
            (tmp_path / name).write_bytes(hurt.tobytes())
            try:
                photo = load_photo(tmp_path / name)
                assert photo.ndim == 3 and photo.shape[2] == 3
            except InputError:
                pass


def test_save_png_is_whole_or_not_there(tmp_path: Path) -> None:
    image = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    save_png(tmp_path / "a.png", image)
    assert np.array_equal(load_photo(tmp_path / "a.png"), image)
    with pytest.raises(InputError, match="cannot write"):
        save_png(tmp_path / "no" / "a.png", image)
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]
