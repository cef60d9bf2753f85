"""Pretrained weights: storage, download and import."""
