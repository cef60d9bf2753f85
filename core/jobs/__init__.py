"""Starting, watching, stopping and queueing work in its own process."""
