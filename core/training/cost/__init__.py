"""Cost of a run: time, memory and disk, estimated from measurements."""
