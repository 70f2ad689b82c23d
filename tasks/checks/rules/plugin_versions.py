"""Find plugins and engine versions that an index's field types, analyzers and codecs need. Pure."""

from collections.abc import Iterator, Mapping

from domains.engine.indices.index_requirements import IndexRequirements
from domains.versions import Version

_FIELD_PLUGINS = {
    "knn_vector": "knn",
    "icu_collation_keyword": "analysis-icu",
    "murmur3": "mapper-murmur3",
    "annotated_text": "mapper-annotated-text",
    "_size": "mapper-size",
    "xy_point": "geospatial",
    "xy_shape": "geospatial",
    "semantic": "neural",
}
_ANALYSIS_PLUGINS = {
    "icu_": "analysis-icu",
    "phonetic": "analysis-phonetic",
    "kuromoji": "analysis-kuromoji",
    "nori": "analysis-nori",
    "smartcn": "analysis-smartcn",
    "stempel": "analysis-stempel",
    "polish": "analysis-stempel",
    "ukrainian": "analysis-ukrainian",
    "ik_": "analysis-ik",
    "pinyin": "analysis-pinyin",
    "stconvert": "analysis-stconvert",
    "seunjeon": "seunjeon",
    "sudachi": "analysis-sudachi",
    "hebrew": "analysis-hebrew",
    "vi_": "analysis-vietnamese",
}
"""Plugins by name prefix of analyzers, tokenizers and filters."""
_CODEC_PLUGINS = {
    "zstd": "custom-codecs",
    "zstd_no_dict": "custom-codecs",
    "qat_lz4": "custom-codecs",
    "qat_deflate": "custom-codecs",
}
_ELASTIC_TYPES: dict[str, tuple[int, int] | None] = {
    "flattened": None,
    "dense_vector": None,
    "histogram": None,
    "shape": None,
    "point": None,
    "aggregate_metric_double": None,
    "constant_keyword": (9, 14),
    "unsigned_long": (9, 8),
    "wildcard": (9, 15),
}
"""Types of Elasticsearch's default distribution; generation and minor of OpenSearch that added them."""
_NAMING = ("tokenizer", "filter", "char_filter", "analyzer", "type")


def lacking(
    traits: IndexRequirements,
    settings: Mapping[str, tuple[str, ...]],
    plugins: frozenset[str],
    version: Version,
) -> Iterator[str]:
    """Yield, in words, what an index uses but a domain with this version and these plugins lacks.

    Args:
        settings: the index's settings as restored.
    """
    for kind in sorted(traits.types):
        plugin = _FIELD_PLUGINS.get(kind)
        if plugin and not _has(plugins, plugin):
            yield f"field type {kind} needs the plugin {plugin}"
        if kind in _ELASTIC_TYPES and not _knows(version, _ELASTIC_TYPES[kind]):
            yield f"field type {kind} is not known to {version}"
    for name in sorted(_analysis_names(traits, settings)):
        plugin = next((p for begin, p in _ANALYSIS_PLUGINS.items() if name.startswith(begin)), None)
        if plugin and not _has(plugins, plugin):
            yield f"{name} needs the plugin {plugin}"
    for codec in settings.get("index.codec", ()):
        plugin = _CODEC_PLUGINS.get(codec)
        if plugin and not _has(plugins, plugin):
            yield f"codec {codec} needs the plugin {plugin}"


def _has(plugins: frozenset[str], word: str) -> bool:
    """Whether a plugin is installed; distributions prefix its name with their own."""
    return any(word in plugin for plugin in plugins)


def _knows(version: Version, since: tuple[int, int] | None) -> bool:
    if version.engine != "opensearch":
        return True
    return since is not None and (version.generation, version.minor) >= since


def _analysis_names(traits: IndexRequirements, settings: Mapping[str, tuple[str, ...]]) -> set[str]:
    """Return analyzers, tokenizers and filters that the index uses but does not define itself."""
    own: set[str] = set()
    kinds: set[str] = set()
    used = set(traits.analyzers)
    for key, values in settings.items():
        parts = key.split(".")
        if parts[:2] != ["index", "analysis"] or len(parts) < 5:
            continue
        own.add(".".join(parts[3:-1]))
        if parts[-1] == "type":
            kinds |= set(values)
        elif parts[-1] in _NAMING:
            used |= set(values)
    return kinds | (used - own)
