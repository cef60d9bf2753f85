"""Strangers: pictures of none of the classes, recognised by a score from features and probabilities."""
