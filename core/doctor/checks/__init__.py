"""Dataset checks: one fault a module."""
