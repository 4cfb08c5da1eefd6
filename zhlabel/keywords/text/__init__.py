"""A text as words with kinds, and the candidates among them."""
