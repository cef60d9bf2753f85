"""Advice: next steps that the evidence about a run suggests, the most useful first."""
