"""`openvasa train light`: how skin lightens and darkens as it moves, from pairs of photographs.

    openvasa train light --pool pool.npz -o light.safetensors

Takes a few minutes on one core. A pool is made by `python -m openvasa.data.frame_pairs`, best with
`--edited`. The expressions of its faces are read anew by inverting the model's own warp, for those
are what light must go with. `openvasa export --light` puts the result into a model.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from openvasa.data.frame_pairs import FramePairs, Pool, load_pool
from openvasa.data.head import SHIPPED, load_basis
from openvasa.data.light import save_light
from openvasa.engine.anchor import Anchor
from openvasa.engine.animator import Animator
from openvasa.engine.expression_fit import Floats, expression_shapes, fit_expressions
from openvasa.latent.surface import to_canonical
from openvasa.train.light_stage import learn
from openvasa.types import InputError
from openvasa.weights import DEFAULT_MODEL

STRANGERS = 4  # random identities whose warps are averaged


def warped_alike(pool: Pool, animator: Animator) -> Pool:
    """The pool with those expressions at which the model's warp explains each face's points."""
    points = np.stack([
        to_canonical(seen.astype(np.float64), pose.astype(np.float64))
        for seen, pose in zip(pool.landmarks, pool.pose, strict=True)
    ])  # fmt: skip
    shapes = _shapes(animator, np.median(points, axis=0).astype(np.float32))
    expression = pool.expression.copy()
    for group in np.unique(pool.group):
        rows = np.flatnonzero(pool.group == group)
        known = pool.expression[rows].astype(np.float64)
        expression[rows] = fit_expressions(points[rows], known, shapes)[0]
    return replace(pool, expression=expression)


def _shapes(animator: Animator, face: np.ndarray) -> Floats:
    """What the model's warp does to a face at each expression, whoever it is: [45, 478, 3]."""
    rng, found = np.random.default_rng(0), []
    for _ in range(STRANGERS):
        identity = rng.standard_normal((1, animator.latent.identity_dim)).astype(np.float32)
        identity /= np.linalg.norm(identity)
        found.append(expression_shapes(animator.run, Anchor(animator.run), face, identity))
    return np.mean(found, axis=0)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pool", type=Path, required=True, help="of data.frame_pairs")
    parser.add_argument("--model", default=DEFAULT_MODEL, help="whose warp the faces follow")
    parser.add_argument("--basis", type=Path, default=SHIPPED, help="another parametric head")
    parser.add_argument("--share", type=float, default=1.0, help="of the pairs usually drawn")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the file to write")
    args = parser.parse_args(argv)
    try:
        if not args.pool.is_file():
            raise InputError(f"there is no pool at '{args.pool}': check the name.")
        pool = warped_alike(load_pool(args.pool), Animator.load(args.model))
        light = learn(FramePairs(pool, load_basis(args.basis)), args.share, print)
        save_light(args.output, light)
    except (InputError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
