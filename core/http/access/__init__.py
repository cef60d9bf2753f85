"""Access: tokens, scopes, limits and the audit log of the HTTP API."""
