"""Raw text to a checkpoint: masked words, the bag of words of [CLS], what a teacher makes of the text."""
