"""How fast Darkroom is, and how good, always beside a reference measured in the same run."""
