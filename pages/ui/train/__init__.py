"""The parts of the Train page: recipes and dials, the live view of a run, runs side by side."""
