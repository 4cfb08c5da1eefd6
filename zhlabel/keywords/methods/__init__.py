"""The unsupervised methods, and the tagger's."""
