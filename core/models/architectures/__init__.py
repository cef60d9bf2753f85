"""Keras networks: backbones with their preprocessing, and their possible cuts."""
