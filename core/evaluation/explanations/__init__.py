"""Explanations of single answers: heatmaps, their check, and means over many pictures."""
