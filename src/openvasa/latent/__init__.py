"""Aligned face <-> appearance volume, identity, head pose and holistic facial dynamics."""
