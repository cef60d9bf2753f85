"""Checks of foreign model files before a runtime reads them."""
