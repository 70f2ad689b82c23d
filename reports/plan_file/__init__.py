"""The commented plan file that `snapferry init` writes."""
