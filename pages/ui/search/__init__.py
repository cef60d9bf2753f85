"""The parts of the Search page: a new search, a search as it goes, what it found."""
