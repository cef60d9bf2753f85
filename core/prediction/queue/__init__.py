"""Queue of pictures to label: those whose answers were unsure or strange, from all sessions and batches."""
