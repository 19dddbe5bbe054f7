"""A model and a request -> frames. Knows nothing of training, sockets or flags."""
