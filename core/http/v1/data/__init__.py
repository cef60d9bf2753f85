"""Endpoints on the pictures of a project: imports, edits, versions, the check, labelling."""
