"""HTTP: routes for the pages, and the API for programs."""
