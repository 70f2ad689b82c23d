"""Engine trees in the cache: download and unpack each once, share it between all labs of this user."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from lab.engines.artifacts import Artifact, Engine
from lab.engines.downloads import client, fetch, require_space
from lab.engines.java import Java
from lab.errors import LabError
from lab.paths import cache_folder, locked
from lab.progress import Progress

ENGINE_ACCESS_KEY = "LABENGINEACCESSKEY00"
ENGINE_SECRET_KEY = "lab-engine-secret-key-of-no-use-elsewhere"
KEYSTORE = "opensearch.keystore"
ANALYSIS = "analysis-common"
LAYOUT = "1"  # raise it when the way a tree is laid out changes
UNPACKED_FACTOR = 2


@dataclass(frozen=True)
class EngineTree:
    """An unpacked engine: read-only, so that many instances can share it."""

    engine: Engine
    home: Path
    has_analysis: bool

    @property
    def keystore(self) -> Path | None:
        """The keystore with the key for the lab's S3; None if the engine cannot write to S3."""
        return self.home / "config" / KEYSTORE if self.engine.has_s3 else None


def ensure_engine(engine: Engine, java: Java, access_control: bool, progress: Progress) -> EngineTree:
    """Return the unpacked engine for this Java, downloading and unpacking what is missing.

    With `access_control` it includes the security plugin.

    Raises:
        LabError: no network, wrong checksum, no disk space, or the keystore tool fails.
    """
    folder = cache_folder()
    kind = "-".join(("full" if java.full else "plain", *(("secured",) if access_control else ())))
    home = folder / f"{engine.name}-{kind}-{LAYOUT}-{_contents(engine, access_control)}"
    if not home.is_dir():
        with locked(folder / ".locks" / f"{home.name}.lock"):
            if not home.is_dir():
                paths = _download(engine, access_control, folder, progress)
                progress.message(f"Unpacking {engine.name}")
                _unpack(engine, paths, home, java, access_control)
    return EngineTree(engine, home, (home / "modules" / ANALYSIS).is_dir())


def _contents(engine: Engine, access_control: bool) -> str:
    """A digest of what the tree is made of, so that another version of the lab unpacks its own."""
    paths = sorted(str(artifact.path) for artifact in engine.artifacts(access_control))
    return hashlib.sha256("\n".join(paths).encode()).hexdigest()[:8]


def _download(engine: Engine, access_control: bool, folder: Path, progress: Progress) -> dict[Artifact, Path]:
    """Fetch all files of the engine, a few at a time."""
    store = folder / "maven"
    wanted = engine.artifacts(access_control)
    missing = [artifact for artifact in wanted if not (store / artifact.path).exists()]
    if missing:
        total = sum(artifact.size for artifact in missing)
        progress.message(
            f"Downloading {engine.name}: {len(missing)} files, {total / 1e6:.0f} MB, into {store}"
        )
        require_space(store, total * (1 + UNPACKED_FACTOR))
    with client() as http, ThreadPoolExecutor(4) as pool:
        paths = pool.map(lambda artifact: fetch(artifact, store, http, progress), wanted)
        return dict(zip(wanted, paths, strict=True))


def _unpack(
    engine: Engine, paths: dict[Artifact, Path], home: Path, java: Java, access_control: bool
) -> None:
    require_space(home.parent, engine.server.size * UNPACKED_FACTOR)
    work = Path(tempfile.mkdtemp(prefix=f".{home.name}-", dir=home.parent))
    try:
        with zipfile.ZipFile(paths[engine.server]) as archive:
            archive.extractall(work)
        (tree,) = work.iterdir()
        _adapt(engine, tree, java)
        for plugin, jars in engine.plugins:
            _add_plugin(tree, plugin, [paths[jar] for jar in jars])
        for plugin, complete in engine.complete_plugins(access_control):
            with zipfile.ZipFile(paths[complete]) as archive:
                archive.extractall(tree / "plugins" / plugin)
        if engine.has_s3:
            _create_keystore(tree, java)
        tree.replace(home)
    except (OSError, zipfile.BadZipFile) as error:
        raise LabError(
            f"Cannot unpack {engine.name} into {home.parent}: {error}.", "Check the disk."
        ) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _adapt(engine: Engine, tree: Path, java: Java) -> None:
    """Remove harmful modules; a runtime without Thai break iteration cannot load `analysis-common`."""
    for stray in engine.remove:
        shutil.rmtree(tree / stray, ignore_errors=True)
    if not java.full:
        shutil.rmtree(tree / "modules" / ANALYSIS, ignore_errors=True)
    (tree / "plugins").mkdir(exist_ok=True)
    for script in (tree / "bin").iterdir():
        script.chmod(script.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


def _add_plugin(tree: Path, plugin: str, jars: list[Path]) -> None:
    folder = tree / "plugins" / plugin
    folder.mkdir(parents=True)
    for jar in jars:
        _link(jar, folder / jar.name)
    for suffix, name in (
        ("properties", "plugin-descriptor.properties"),
        ("policy", "plugin-security.policy"),
    ):
        shutil.copyfile(Path(__file__).with_name(f"{plugin}.{suffix}"), folder / name)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _create_keystore(tree: Path, java: Java) -> None:
    """Create the keystore once; instances copy it, which saves each a JVM start."""
    keys = {
        "s3.client.default.access_key": ENGINE_ACCESS_KEY,
        "s3.client.default.secret_key": ENGINE_SECRET_KEY,
    }
    command = [
        str(java.executable), "-Xmx64m", "-XX:+UseSerialGC", f"-Dopensearch.path.home={tree}",
        f"-Dopensearch.path.conf={tree / 'config'}", "-Dopensearch.distribution.type=zip",
        "-cp", f"{tree / 'lib'}/*:{tree / 'lib' / 'tools' / 'keystore-cli'}/*",
        "org.opensearch.tools.cli.keystore.KeyStoreCli", "add", "--force", "--stdin", *keys,
    ]  # fmt: skip
    values = "".join(f"{value}\n" for value in keys.values())
    done = subprocess.run(command, input=values, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode or not (tree / "config" / KEYSTORE).exists():
        raise LabError(
            f"The engine's keystore tool failed: {done.stderr.strip()[:600]}", f"Java used: {java.text}."
        )
    # Its key only opens the lab's own S3, and other users of the cache must be able to copy it.
    (tree / "config" / KEYSTORE).chmod(0o644)
