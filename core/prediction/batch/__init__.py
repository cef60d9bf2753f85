"""Batches: thousands of pictures classified by a job, with one table of answers."""
