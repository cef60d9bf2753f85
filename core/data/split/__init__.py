"""Train, validation and test splits: stratified, grouped, drawn once."""
