"""Raw text to a checkpoint: masked words, the bag of words of [CLS]."""
