"""The reference, made from the code. `python -m snapferry.reference` writes its pages anew."""
