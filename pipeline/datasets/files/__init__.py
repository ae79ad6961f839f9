"""Files of one's own reviews: their TFDS builder, and how splits, columns and labels are found in them."""
