"""Thresholds: probabilities from which a class is answered, chosen on validation, measured on test."""
