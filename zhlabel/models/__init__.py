"""The Keras models: layers, encoder, heads, CRF, LoRA, precision."""
