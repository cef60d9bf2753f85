"""Names of settings and values that several pages show."""
