"""Keywords against gold ones: precision, recall, F1 as tables."""
