"""Photograph -> aligned face, and the animated face back into the photograph."""

from openvasa.face.find import find_face

__all__ = ["find_face"]
