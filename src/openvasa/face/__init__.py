"""Photograph -> aligned face, and the animated face back into the photograph."""
