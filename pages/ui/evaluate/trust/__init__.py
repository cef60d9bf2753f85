"""Trust section of the Evaluate page: probabilities and their limits."""
