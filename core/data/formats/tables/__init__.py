"""Label tables of an import: which file is one, which columns count, and labels from their cells."""
