"""Files <-> arrays: the only room that knows image, sound and video formats."""
