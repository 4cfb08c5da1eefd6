"""From probabilities to decisions: thresholds, labels, temperature, the best path of tags."""
