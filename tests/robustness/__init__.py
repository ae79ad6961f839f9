"""What is promised of altered files, hostile texts and killed stages, in figures."""
