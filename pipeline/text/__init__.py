"""Text: reviews, the vocabulary, the tokenizer, batches.

What SentencePiece's conventions are is known here alone.
"""
