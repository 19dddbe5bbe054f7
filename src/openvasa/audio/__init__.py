"""Sound in, features on the 25 Hz clock out. Knows nothing of faces, motion or training."""
