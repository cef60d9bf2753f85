"""Training runs: starting, resuming, listing and deleting them."""
