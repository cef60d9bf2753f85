"""Fine-tuning and training networks: inputs, phases and the training loop."""
