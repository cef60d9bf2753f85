"""Plots of a search, one a module."""
