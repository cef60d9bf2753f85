"""Delivery: prediction with a finished classifier, and its export files."""
