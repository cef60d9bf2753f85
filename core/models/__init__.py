"""Backbones, their weights, augmentation and the classifier built from them."""
