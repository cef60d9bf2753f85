"""Formats that hold the pictures inside data files."""
