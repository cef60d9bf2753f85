"""Protocols of other tools: Open Inference Protocol, Label Studio, MCP."""
