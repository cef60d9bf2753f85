"""Prediction with a finished classifier, and the files it is handed over in."""
