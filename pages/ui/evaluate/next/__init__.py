"""Next steps on the Evaluate page."""
