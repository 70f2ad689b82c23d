"""Facts about the target's data nodes."""

from domains.engine.nodes import Node
from domains.errors import AwsError
from tasks.checks.check import Finding, unknown
from tasks.checks.facts import domains
from tasks.survey import Survey


def data_nodes(survey: Survey) -> tuple[Node, ...]:
    """Return the target's nodes that hold shards."""
    return tuple(node for node in survey.nodes("target") if node.data)


def nodes_in_words(number: int) -> str:
    """Format a number of data nodes."""
    return "1 data node" if number == 1 else f"{number} data nodes"


def if_hot(survey: Survey, found: Finding) -> Finding:
    """Turn OK into undecided if UltraWarm nodes may be among the counted nodes."""
    try:
        status = domains.status(survey, "target")
    except AwsError:
        return found
    if status is None or not status.warm:
        return found
    return unknown(
        f"{found.detail}; UltraWarm nodes of the target may be counted among them",
        "check by the domain's instance count that its hot nodes are enough",
    )
