"""Endpoints of version 1 of the API, one module a resource."""
