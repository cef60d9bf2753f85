"""How good a classifier is, measured once and honestly."""
