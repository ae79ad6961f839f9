"""The conventions of the vocabulary. Free of TensorFlow: the tokenizer is trained without it."""

PADDING, UNKNOWN = 0, 1
