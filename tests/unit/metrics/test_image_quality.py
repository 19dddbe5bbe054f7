"""PSNR, SSIM, MS-SSIM and sharpness on pictures whose answer is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from openvasa.metrics.image_quality import BEST, ms_ssim, psnr, sharpness, ssim


@pytest.fixture
def picture() -> np.ndarray:
    rng = np.random.default_rng(0)
    coarse = rng.integers(40, 216, (12, 12, 3), dtype=np.uint8)
    return cv2.resize(coarse, (192, 192), interpolation=cv2.INTER_CUBIC)


def test_equal_pictures_are_perfect(picture: np.ndarray) -> None:
    assert psnr(picture, picture) == BEST
    assert ssim(picture, picture) == pytest.approx(1)
    assert ms_ssim(picture, picture) == pytest.approx(1)


def test_psnr_of_a_known_difference() -> None:
    dark = np.full((16, 16, 3), 100, np.uint8)
    assert psnr(dark, dark + 5) == pytest.approx(20 * np.log10(255 / 5))


def test_ssim_of_flat_pictures_is_its_luminance_term() -> None:
    one, two = np.full((32, 32, 3), 100, np.uint8), np.full((32, 32, 3), 150, np.uint8)
    low = (0.01 * 255) ** 2
    wanted = (2 * 100 * 150 + low) / (100**2 + 150**2 + low)
    assert ssim(one, two) == pytest.approx(wanted, rel=1e-6)


def test_more_noise_is_worse_on_every_scale(picture: np.ndarray) -> None:
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 1, picture.shape)
    noisy = [np.clip(picture + a * noise, 0, 255).astype(np.uint8) for a in (5, 15, 40)]
    for measure in (psnr, ssim, ms_ssim):
        values = [measure(other, picture) for other in noisy]
        assert values == sorted(values, reverse=True)
    # Coarse scales average noise away.
    assert ms_ssim(noisy[2], picture) > ssim(noisy[2], picture)


def test_sharpness_sees_blur_and_not_size(picture: np.ndarray) -> None:
    fine = np.random.default_rng(2).integers(0, 255, (256, 256, 3), dtype=np.uint8)
    box = np.array([[0.0, 0.0], [256.0, 256.0]])
    soft = cv2.GaussianBlur(fine, (0, 0), 2)
    assert sharpness(soft, box) < 0.05 * sharpness(fine, box)
    whole = np.array([[0.0, 0.0], [192.0, 192.0]])
    large = cv2.resize(picture, (384, 384), interpolation=cv2.INTER_CUBIC)
    assert sharpness(large, 2 * whole) == pytest.approx(sharpness(picture, whole), rel=0.4)
    assert sharpness(picture, whole + 1000) == 0


def test_different_sizes_are_refused(picture: np.ndarray) -> None:
    for measure in (psnr, ssim, ms_ssim):
        with pytest.raises(ValueError, match="compared"):
            measure(picture, picture[:-1])
    with pytest.raises(ValueError, match="176"):
        ms_ssim(picture[:100, :100], picture[:100, :100])
