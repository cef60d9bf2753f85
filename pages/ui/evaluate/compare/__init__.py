"""Compare section of the Evaluate page: runs side by side, with tests of their differences."""
