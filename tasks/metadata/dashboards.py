"""Saved objects of Dashboards: one export and one import, because objects refer to each other."""

from collections.abc import Sequence

from domains.engine.configuration import saved_objects
from tasks.metadata.sides import Sides
from tasks.records.metadata import ItemState, MetadataItem


def bring(sides: Sides, items: Sequence[MetadataItem]) -> dict[str, str]:
    """Export these objects from the source and import them on the target.

    Objects that the target has are overwritten only where `items` holds them as diverged.

    Returns:
        Why an object was not imported, by `type/id`, in the words of Dashboards.

    Raises:
        DomainError: an export or an import was refused.
    """
    failed: dict[str, str] = {}
    fresh = [item for item in items if item.state is ItemState.SOURCE_ONLY]
    for chosen, overwrite in ((fresh, False), ([each for each in items if each not in fresh], True)):
        if chosen:
            failed |= _brought(sides, chosen, overwrite=overwrite)
    return failed


def _brought(sides: Sides, items: Sequence[MetadataItem], *, overwrite: bool) -> dict[str, str]:
    keys = [(kind, key) for kind, _, key in (item.name.partition("/") for item in items)]
    exported = saved_objects.export(sides.source.domain, sides.source.version, keys)
    done = saved_objects.import_objects(
        sides.target.domain, sides.target.version, exported, overwrite=overwrite
    )
    told = (each.partition(": ") for each in done.errors)
    return {name: reason for name, _, reason in told}
