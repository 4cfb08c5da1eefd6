"""Methods that learn from gold keywords."""
