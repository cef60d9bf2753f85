"""The Check section of the Data page."""
