"""Trials of a search: features, folds, training and predictions."""
