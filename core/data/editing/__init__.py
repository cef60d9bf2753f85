"""Edits of a dataset, and the leaks that one of them mends.

Each edit writes a version, atomically; every edit except erasing can be undone. It reads the newest
version and writes the next one under a lock, so simultaneous edits both count. Pictures stay in
their part of the split, unless the split is drawn anew; so the test set does not change.
"""
