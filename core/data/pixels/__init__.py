"""Decoded pictures: statistics, browser previews, and arrays read row by row."""
