"""Mistakes on test pictures: cells of the confusion matrix, their pictures and similar training pictures."""
