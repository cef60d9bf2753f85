"""Export page: formats, their making and their certificates."""
