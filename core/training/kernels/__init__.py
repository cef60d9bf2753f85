"""Kernels of a processor: the choice between TensorFlow's own and oneDNN's, by measurement."""
