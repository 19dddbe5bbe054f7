"""A content id <-> the signs that carry it in the pixels, so that lost signs do no harm.

48 bits and a checksum of 16 go through a convolutional code (constraint length 9, rate 1/4) whose
output is repeated over all carriers there are. Reading is maximum-likelihood over soft values
(Viterbi, "Error bounds for convolutional codes", IEEE Trans. Inf. Theory 13, 1967). Knows nothing
of pictures.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from openvasa.types import Array

PAYLOAD_BITS = 48
_CHECK_BITS = 16
_CHECK_POLYNOMIAL = 0x1021  # CRC-16-CCITT
_MEMORY = 8  # past bits that each output depends on
_STATES = 1 << _MEMORY
# Taps of the rate 1/4 code of memory 8 with the largest free distance (24); octal as in
# Proakis, "Digital Communications", table 8.2-3.
_TAPS = (0o463, 0o535, 0o733, 0o745)
_STEPS = PAYLOAD_BITS + _CHECK_BITS + _MEMORY
CODE_LENGTH = _STEPS * len(_TAPS)  # 288 signs before repetition


def encode(payload: int) -> Array:
    """The signs of one content id.

    Args:
        payload: In [0, 2**48).

    Returns:
        f32 [288], each 1 or -1.

    Raises:
        ValueError: The payload does not fit.
    """
    if not 0 <= payload < 1 << PAYLOAD_BITS:
        raise ValueError(f"a content id has {PAYLOAD_BITS} bits, and {payload} does not fit")
    word = payload << _CHECK_BITS | _check(payload)
    bits = [word >> k & 1 for k in reversed(range(PAYLOAD_BITS + _CHECK_BITS))]
    state = 0
    signs: list[int] = []
    for bit in [*bits, *[0] * _MEMORY]:  # the zeros lead back to state 0
        register = bit << _MEMORY | state
        signs.extend(_sign(register & tap) for tap in _TAPS)
        state = register >> 1
    return np.array(signs, np.float32)


def decode(soft: Array) -> int | None:
    """The content id that the soft values most likely carry.

    Args:
        soft: f32 [288], any scale; the larger, the surer that the sign is 1.

    Returns:
        The id, or None where the checksum refuses it; noise passes once in 65,536.
    """
    steps = soft.reshape(_STEPS, len(_TAPS)).astype(np.float64)
    score = np.full(_STATES, -np.inf)
    score[0] = 0.0
    came_from = np.empty((_STEPS, _STATES), np.int64)
    for step, values in enumerate(steps):
        reached = score[_BEFORE] + _SIGNS @ values  # [states, 2]: the two ways into each state
        better = reached.argmax(1)
        came_from[step] = _BEFORE[_EVERY, better]
        score = reached[_EVERY, better]
    state, word = 0, 0
    bits: list[int] = []
    for step in reversed(range(_STEPS)):
        bits.append(state >> (_MEMORY - 1))  # the bit that led into this state
        state = int(came_from[step, state])
    for bit in reversed(bits[_MEMORY:]):
        word = word << 1 | bit
    payload, check = word >> _CHECK_BITS, word & ((1 << _CHECK_BITS) - 1)
    return payload if check == _check(payload) else None


def _check(payload: int) -> int:
    register = 0xFFFF
    for k in reversed(range(PAYLOAD_BITS)):
        out = register >> 15 & 1 ^ payload >> k & 1
        register = register << 1 & 0xFFFF
        if out:
            register ^= _CHECK_POLYNOMIAL
    return register


def _sign(bits: int) -> int:
    return -1 if bits.bit_count() & 1 else 1


def _trellis() -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """For each state: the two states before it, and the signs sent on the way (+1 or -1)."""
    before = np.empty((_STATES, 2), np.int64)
    signs = np.empty((_STATES, 2, len(_TAPS)))
    for state in range(_STATES):
        for last in range(2):  # the oldest bit, which this step forgets
            register = state << 1 | last
            before[state, last] = register & (_STATES - 1)
            signs[state, last] = [_sign(register & tap) for tap in _TAPS]
    return before, signs


_EVERY = np.arange(_STATES)
_BEFORE, _SIGNS = _trellis()
