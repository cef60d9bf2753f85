"""Models made elsewhere, tested on the same pictures."""
