"""`python -m snapferry`."""

from snapferry.main import main

main()
