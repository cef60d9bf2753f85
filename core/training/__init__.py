"""Recipes: how a classifier is trained on a dataset."""
