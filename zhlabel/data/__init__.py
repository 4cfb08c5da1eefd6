"""From files to arrays: examples, texts, labels, tags, tokens, windows, batches, splits."""
