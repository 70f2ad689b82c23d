"""The reference, made from the code: the manual page. `python -m snapferry.reference` writes it anew."""
