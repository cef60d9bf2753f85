"""Robustness: accuracy on test pictures that are blurred, turned, covered or otherwise corrupted."""
