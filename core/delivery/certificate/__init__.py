"""Certificates of export files: measured agreement with the evaluation, in a clean process."""
