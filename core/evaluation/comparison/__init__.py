"""Comparison of classifiers on the same pictures: differences with intervals, and tests by chance."""
