"""Endpoints on evaluated runs: metrics, decisions, measurements, explanations, comparisons, foreign models, reports."""
