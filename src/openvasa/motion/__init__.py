"""Audio features and controls to motion: a diffusion transformer run window by window.

Knows nothing of pictures, sound files or devices; inference here is numpy around one named graph.
"""
