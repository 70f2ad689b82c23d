"""Remove what a run has made, once its ownership is proved."""
