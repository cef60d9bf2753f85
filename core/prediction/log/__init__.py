"""Log of the answers that a delivered classifier gives."""
