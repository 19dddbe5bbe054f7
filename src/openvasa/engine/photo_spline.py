"""The photo as an interpolating cubic B-spline: detail between pixels (Unser et al., 1993)."""

from __future__ import annotations

import numba
import numpy as np

PAD = 4  # pixels around the photo: a position up to 3 outside, and the spline's reach
POLE = np.float32(np.sqrt(3) - 2)  # of the cubic spline's inverse (Unser, Aldroubi, Eden, 1993)
_FADED = 12  # pixels after which the inverse has forgotten where it began: POLE**12 is 1e-7
compiled = numba.njit(cache=True, nogil=True, fastmath=True)


@compiled
def padded_photo(photo, matte):  # type: ignore[no-untyped-def]
    """f32 [H + 2P, 4 (W + 2P)]: edges repeated, color and matte, so that taps load as vectors."""
    height, width = photo.shape[0], photo.shape[1]
    out = np.empty((height + 2 * PAD, 4 * (width + 2 * PAD)), np.float32)
    for i in range(height + 2 * PAD):
        y = min(max(i - PAD, 0), height - 1)
        for j in range(width + 2 * PAD):
            x = min(max(j - PAD, 0), width - 1)
            for c in range(3):
                out[i, 4 * j + c] = photo[y, x, c]
            out[i, 4 * j + 3] = matte[y, x]
    return out


@compiled
def coefficients(padded):  # type: ignore[no-untyped-def]
    """B-spline coefficients in place: the spline through them meets every pixel's value."""
    height, width = padded.shape[0], padded.shape[1] // 4
    gain = (np.float32(1) - POLE) * (np.float32(1) - np.float32(1) / POLE)
    end = POLE / (POLE * POLE - np.float32(1))
    for j in range(padded.shape[1]):
        column = padded[:, j] * gain
        padded[:, j] = _inverse(column, height, end)
    for i in range(height):
        for c in range(4):
            line = padded[i, c::4] * gain
            padded[i, c::4] = _inverse(line, width, end)
    return padded


@compiled
def _inverse(line, count, end):  # type: ignore[no-untyped-def]
    """One line through the recursive filter, forth and back, mirrored at both ends."""
    total, power = line[0], POLE
    for k in range(1, min(count, _FADED)):
        total += power * line[k]
        power *= POLE
    line[0] = total
    for k in range(1, count):
        line[k] += POLE * line[k - 1]
    line[count - 1] = end * (line[count - 1] + POLE * line[count - 2])
    for k in range(count - 2, -1, -1):
        line[k] = POLE * (line[k + 1] - line[k])
    return line


@compiled
def _cubic(t):  # type: ignore[no-untyped-def]
    """Cubic B-spline's weights of the coefficients at -1, 0, 1, 2 for a point at t in [0, 1)."""
    one, three, sixth = np.float32(1), np.float32(3), np.float32(1 / 6)
    u = one - t
    first, last = sixth * u * u * u, sixth * t * t * t
    second = sixth * (np.float32(4) - three * t * t * (one + u))
    return first, second, one - first - second - last, last


@compiled
def sample(padded, x, y, taps):  # type: ignore[no-untyped-def]
    """Color and matte at pixel position (x, y), centers on whole numbers; `taps` is scratch."""
    last_y, last_x = padded.shape[0] - 2 * PAD + 1, padded.shape[1] // 4 - 2 * PAD + 1
    x = min(max(x, np.float32(-3)), np.float32(last_x))
    y = min(max(y, np.float32(-3)), np.float32(last_y))
    floor_x, floor_y = np.floor(x), np.floor(y)
    # Clamped again as whole numbers: fast math lets a flow of NaN through the first clamp.
    column = 4 * (min(max(int(floor_x), -3), last_x) - 1 + PAD)
    line = min(max(int(floor_y), -3), last_y) - 1 + PAD
    wx, wy = _cubic(x - floor_x), _cubic(y - floor_y)
    line0, line1 = padded[line, column : column + 16], padded[line + 1, column : column + 16]
    line2, line3 = padded[line + 2, column : column + 16], padded[line + 3, column : column + 16]
    for k in range(16):
        taps[k] = wy[0] * line0[k] + wy[1] * line1[k] + wy[2] * line2[k] + wy[3] * line3[k]
    return (
        wx[0] * taps[0] + wx[1] * taps[4] + wx[2] * taps[8] + wx[3] * taps[12],
        wx[0] * taps[1] + wx[1] * taps[5] + wx[2] * taps[9] + wx[3] * taps[13],
        wx[0] * taps[2] + wx[1] * taps[6] + wx[2] * taps[10] + wx[3] * taps[14],
        wx[0] * taps[3] + wx[1] * taps[7] + wx[2] * taps[11] + wx[3] * taps[15],
    )
