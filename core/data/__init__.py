"""Pictures become a checked, labelled, split, versioned dataset."""
