"""What a corpus tells of a phrase: document frequencies, topics."""
