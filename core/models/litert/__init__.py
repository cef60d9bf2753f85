"""LiteRT: converting Keras networks and running the result."""
