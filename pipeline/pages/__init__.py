"""Pages for readers: the course as HTML, and one site of all that is written."""
