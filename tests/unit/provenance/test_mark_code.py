"""Ids come back through noise, and noise is refused."""

from __future__ import annotations

import numpy as np
import pytest

from openvasa.provenance.mark_code import CODE_LENGTH, PAYLOAD_BITS, decode, encode


@pytest.mark.parametrize("payload", [0, 1, 2**PAYLOAD_BITS - 1, 0xABCDEF123456])
def test_round_trip(payload: int) -> None:
    signs = encode(payload)
    assert signs.shape == (CODE_LENGTH,) and set(np.unique(signs)) <= {-1.0, 1.0}
    assert decode(signs) == payload
    assert decode(0.001 * signs) == payload  # only ratios count


def test_a_sixth_of_the_signs_wrong_does_no_harm() -> None:
    rng = np.random.default_rng(0)
    for payload in (7, 0x123456789ABC):
        signs = encode(payload)
        wrong = rng.choice(CODE_LENGTH, CODE_LENGTH // 6, replace=False)
        signs[wrong] *= -1
        assert decode(signs) == payload


def test_noise_is_refused() -> None:
    rng = np.random.default_rng(1)
    assert all(decode(rng.normal(size=CODE_LENGTH).astype(np.float32)) is None for _ in range(20))


def test_codewords_of_neighboring_ids_are_far_apart() -> None:
    apart = [int((encode(k) != encode(k ^ 1)).sum()) for k in range(20)]
    assert min(apart) >= 24


@pytest.mark.parametrize("payload", [-1, 2**PAYLOAD_BITS])
def test_what_does_not_fit_is_refused(payload: int) -> None:
    with pytest.raises(ValueError, match="48 bits"):
        encode(payload)
