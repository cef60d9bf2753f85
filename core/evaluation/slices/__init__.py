"""Slices of the test pictures on which a classifier does worse than on the rest."""
