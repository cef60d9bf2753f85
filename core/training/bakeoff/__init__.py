"""Bake-off: linear heads on every available backbone, compared on one sample."""
