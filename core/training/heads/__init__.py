"""Classification heads fitted on cached features."""
