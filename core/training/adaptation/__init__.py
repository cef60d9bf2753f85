"""Self-supervised adaptation of a pretrained backbone to a project's pictures, without their labels."""
