"""Linear models of n-grams that vote beside the encoder."""
