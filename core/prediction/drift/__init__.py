"""Drift: difference between the pictures of today and those that a classifier was tested on."""
