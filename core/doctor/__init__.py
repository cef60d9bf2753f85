"""Doctor: faults of a dataset, each with an explanation and a remedy at one click."""
