"""Lawful pictures and clips -> labeled training data. Knows nothing of training itself."""
