"""The report as one page: self-contained, live where it is served, and its elements for other pages."""
