"""Hyperparameter search: Optuna around training."""
