"""Formats of cloud services."""
