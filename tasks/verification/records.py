"""What level content and the acceptance queries come to."""

from tasks.records import DocumentDifference, Finding, Outcome, Record


class IndexContents(Record):
    """What of one index was compared beside its figures.

    Args:
        target: its name on the target.
        findings: one of each kind that was looked at: mapping, setting, alias, document.
        documents: those whose contents differ, or that one side lacks, as far as they are named.
        more: how many others differ that are not named.
    """

    target: str
    findings: tuple[Finding, ...]
    documents: tuple[DocumentDifference, ...] = ()
    more: int = 0

    @property
    def outcome(self) -> Outcome:
        """`different` where anything differs, else `not compared` where anything could not be compared."""
        found = {finding.outcome for finding in self.findings}
        return "different" if "different" in found else "not compared" if "not compared" in found else "equal"


class Contents(Record):
    """Level content, and the answers to the acceptance queries.

    Args:
        indices: one for each that was compared; none below level content.
        general: of the domains as a whole: templates, queries.
    """

    indices: tuple[IndexContents, ...]
    general: tuple[Finding, ...]
