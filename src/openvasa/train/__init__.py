"""Batches to bundles: the training stages; knows nothing of inference."""
