"""Analysis of a finished search: best trial, selection bias, importances."""
