"""NSMC, the Naver sentiment movie corpus: its TFDS builder and the readers of its files."""
