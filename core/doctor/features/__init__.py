"""Features of pictures prepared for the checks: reduced, projected, cached."""
