"""The Optuna study of a search and its storage."""
