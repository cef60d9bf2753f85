"""Endpoint records, and the OpenAPI document that is made from them."""
