"""The command line of a node. The servers' own scripts would start three JVMs to build it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from lab.engines.engine_files import EngineTree
    from lab.engines.java import Java
    from lab.engines.node_spec import NodeSpec

COMMON = (
    "-Xss1m", "-Xshare:auto", "-Djava.awt.headless=true", "-Dfile.encoding=UTF-8",
    "-XX:-OmitStackTraceInFastThrow", "-Dlog4j.shutdownHookEnabled=false", "-Dlog4j2.disable.jmx=true",
    "-Djava.locale.providers=SPI,CLDR", "-Dio.netty.noUnsafe=true", "-Dio.netty.noKeySetOptimization=true",
    "-Dio.netty.recycler.maxCapacityPerThread=0", "-Dio.netty.allocator.numDirectArenas=0",
    # Without JNA the server cannot see that it runs as root, which it would refuse; fit for a lab only.
    "-Djna.nosys=true", "-Djna.nounpack=true", "-Djna.noclasspath=true",
)  # fmt: skip
ARENA = "-Dorg.apache.lucene.store.MMapDirectory.sharedArenaMaxPermits=1"
SECURITY_MANAGER = "-Djava.security.manager=allow"
SECURITY_MANAGER_FORBIDDEN_FROM = 18  # the Java that forbids one unless it is asked for
MAIN = {"opensearch": "org.opensearch.bootstrap.OpenSearch",
        "elasticsearch": "org.elasticsearch.bootstrap.Elasticsearch"}  # fmt: skip
PREFIX = {"opensearch": "opensearch", "elasticsearch": "es"}


def command(spec: NodeSpec) -> list[str]:
    """The program and its arguments."""
    product, prefix = spec.tree.engine.product, PREFIX[spec.tree.engine.product]
    home = spec.tree.home
    of_product = [
        f"-D{prefix}.path.home={home}", f"-D{prefix}.path.conf={spec.config}",
        f"-D{prefix}.distribution.type=zip", f"-D{prefix}.bundled_jdk=false",
        f"-D{product}.networkaddress.cache.ttl=60", f"-D{prefix}.networkaddress.cache.ttl=60",
    ]  # fmt: skip
    if product == "elasticsearch":
        of_product.append("-Des.distribution.flavor=oss")
    return [
        str(spec.java.executable), *_memory(spec), *COMMON, *_of_age(spec), *_archived(spec),
        *spec.java_options,
        f"-Djava.io.tmpdir={spec.home / 'tmp'}", f"-XX:ErrorFile={spec.home / 'logs' / 'hs_err_%p.log'}",
        *of_product, "-cp", f"{home / 'lib'}/*", MAIN[product],
    ]  # fmt: skip


def class_archive(tree: EngineTree, java: Java) -> Path:
    """Where the class archive of the engine for this Java is, if it was made (class_archive.py)."""
    return tree.home.with_name(f"{tree.home.name}-java-{java.version}.jsa")


def _archived(spec: NodeSpec) -> list[str]:
    archive = class_archive(spec.tree, spec.java)
    return [f"-XX:SharedArchiveFile={archive}"] if archive.exists() else []


def _memory(spec: NodeSpec) -> list[str]:
    half = spec.heap_mb // 2
    return [f"-Xms{spec.heap_mb}m", f"-Xmx{spec.heap_mb}m", f"-XX:MaxDirectMemorySize={half}m"]


def _of_age(spec: NodeSpec) -> list[str]:
    """The options of the engine's generation: the classes of its agent, or a security manager."""
    guards = sorted((spec.tree.home / "agent").glob("opensearch-agent-bootstrap-*.jar"))
    if guards:
        vector = ["--add-modules=jdk.incubator.vector"] if spec.java.full else []
        # The agent itself would inspect each class that is loaded, and each file that is opened, so that
        # plugins stay within bounds: a quarter of a start. The lab's plugins are the engine's own.
        return [*vector, f"-Xbootclasspath/a:{guards[0]}", ARENA]
    return [SECURITY_MANAGER] if spec.java.major >= SECURITY_MANAGER_FORBIDDEN_FROM else []
