"""Prediction with finished runs beyond a single picture."""
