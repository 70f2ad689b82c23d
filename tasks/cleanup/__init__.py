"""Remove what a run has made, once it is proved to be its own."""
