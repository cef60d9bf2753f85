"""Near-duplicate search: perceptual hashes propose pairs, pixel alignment confirms them."""
