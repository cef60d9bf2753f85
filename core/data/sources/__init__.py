"""Import sources: folders, zip and tar archives, and ready-made samples."""
