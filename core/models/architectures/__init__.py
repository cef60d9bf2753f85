"""Keras networks: backbones with their preprocessing, and where they can be cut."""
