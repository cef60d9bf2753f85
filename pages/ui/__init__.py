"""Shared parts of the web pages, and a folder of sections for each page."""
