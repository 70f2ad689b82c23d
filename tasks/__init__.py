"""The steps: plain functions over two domains, each looking before it acts and returning a frozen record."""
