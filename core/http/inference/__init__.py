"""Prediction for programs: loaded classifiers, and answers as records."""
