"""Metrics: their table, the statistics that they are formulas of, and intervals by the bootstrap."""
