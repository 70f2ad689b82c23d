"""Which file each generated page is."""

from snapferry.main import app
from snapferry.reference.man_page import man_page
from snapferry.reference.verb_pages import every_page


def generated() -> dict[str, str]:
    """The text of each generated page, by its file below the project's root."""
    pages = list(every_page(app))
    return {"docs/man/snapferry.1": man_page(pages)}
