"""A run on labelled texts; several runs beside each other."""
