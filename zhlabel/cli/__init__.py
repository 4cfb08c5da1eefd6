"""A script's constants and flags, its inputs, its progress."""
