"""Checks of the source text that no linter makes; run by ``make check``."""
