"""Which file each generated page is."""

from snapferry.main import app
from snapferry.reference.errors_page import errors_page
from snapferry.reference.man_page import man_page
from snapferry.reference.pages import checks_page, exit_codes_page, verbs_page
from snapferry.reference.plan_page import plan_page
from snapferry.reference.verb_pages import every_page


def generated() -> dict[str, str]:
    """The text of each generated page, by its file below the project's root."""
    pages = list(every_page(app))
    return {
        "docs/man/snapferry.1": man_page(pages),
        "docs/reference/verbs.md": verbs_page(pages),
        "docs/reference/exit-codes.md": exit_codes_page(),
        "docs/reference/checks.md": checks_page(),
        "docs/reference/plan-keys.md": plan_page(),
        "docs/reference/errors.md": errors_page(),
    }
