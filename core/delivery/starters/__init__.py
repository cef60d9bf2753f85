"""Starter projects: small programs for a device with a run's network in them, one module a device."""
