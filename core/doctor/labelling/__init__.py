"""Assisted labelling: groups of similar pictures and suggested labels."""
