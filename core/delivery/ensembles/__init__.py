"""Delivery of an ensemble of runs as one classifier."""
