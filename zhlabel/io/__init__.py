"""Files whole or not at all, encodings, JSON, delimited text, aligned tables, processes."""
