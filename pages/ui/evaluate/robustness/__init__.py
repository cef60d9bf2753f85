"""Robustness section of the Evaluate page: how a classifier stands blur, noise and other changes."""
