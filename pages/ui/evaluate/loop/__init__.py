"""Before-and-after section of the Evaluate page: train again on changed pictures, and compare."""
