"""A photo that answers in real time, over HTTP and WebSocket, and a page to try it."""
