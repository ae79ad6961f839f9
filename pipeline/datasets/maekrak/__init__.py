"""maekrak, the embedded data set: Korean reviews in which only the context decides what an ambiguous phrase means."""
