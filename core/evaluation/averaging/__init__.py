"""Gain from averaging a classifier's answers to several views of a picture."""
