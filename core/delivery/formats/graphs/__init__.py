"""Export formats of graphs that other runtimes execute: SavedModel, ONNX, OpenVINO and Core ML."""
