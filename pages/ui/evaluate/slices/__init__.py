"""Slices part of the Evaluate page: groups of test pictures on which a classifier does worse."""
