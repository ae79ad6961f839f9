"""The classifier: encoder, pooling and logit, n-grams beside it, fitting, inference and saving.

One subject a file.
"""
