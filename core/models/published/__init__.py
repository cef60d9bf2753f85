"""Networks of our own with published weights: their sizes, the tensors of their files, their rows."""
