"""Feature cache: features of frozen backbones and of committees, computed once per picture and backbone."""
