"""A fake domain with a configuration: templates, pipelines, policies, monitors, roles, saved objects.

It holds what it is given and answers in the forms that the APIs document, with what the engines add:
versions, times, defaults. It checks nothing beyond what its tests are about: what an engine would refuse,
the lab says.
Index State Management, Snapshot Management, alerting, notifications and Dashboards follow their documentation
and source; they were not observed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from .fake_domain import FakeDomain, ReceivedRequest, Reply, engine_error, ok

DAY_MS = 86_400_000
NO_PLUGIN = engine_error(
    400, "illegal_argument_exception", "no handler found for uri [/_plugins] and method [GET]"
)
SECURITY = ("actiongroups", "roles", "tenants", "internalusers", "rolesmapping")
NAME = "([^/?]+)"


class Configured:
    """The configuration of one fake domain; each attribute is by name, and may be changed by a test."""

    def __init__(self, fake: FakeDomain, uuid: str, version: str = "2.19.4") -> None:
        self.fake = fake
        self.settings: dict[str, Any] = {}
        self.scripts: dict[str, Any] = {}
        self.pipelines: dict[str, Any] = {}
        self.search_pipelines: dict[str, Any] = {}
        self.components: dict[str, Any] = {}
        self.templates: dict[str, Any] = {}
        self.legacy: dict[str, Any] = {}
        self.security: dict[str, dict[str, Any]] = {family: {} for family in SECURITY}
        self.indices: dict[str, int] = {}
        self.aliases: dict[str, dict[str, Any]] = {}
        self.policies: dict[str, Any] = {}
        self.managed: dict[str, tuple[str, str]] = {}
        self.snapshot_policies: dict[str, Any] = {}
        self.channels: dict[str, Any] = {}
        self.monitors: dict[str, Any] = {}
        self.objects: dict[str, Any] = {}
        self.repositories: dict[str, Any] = {}
        self.bodies: list[tuple[str, Any]] = []
        self._numbers = 0
        self._script(uuid, version)

    def without(self, path: str) -> None:
        """From now on there is no API at this path."""
        self.fake.on(rf"\w+ {path}.*", NO_PLUGIN)

    def forbids(self, path: str) -> None:
        """From now on the service's front door denies this path."""
        denied = Reply(401, {"Message": f"Your request: '{path}' is not allowed."})
        self.fake.on(rf"\w+ {path}.*", denied)

    def _script(self, uuid: str, version: str) -> None:
        shown = {"number": version, "distribution": "opensearch"}
        self._on(
            "GET /", lambda _: {"cluster_uuid": uuid, "cluster_name": "c", "version": shown, "tagline": "t"}
        )
        self._on("GET /_cluster/settings", lambda _: {"persistent": self.settings, "transient": {}})
        self._on("PUT /_cluster/settings", self._put_settings)
        self._on("GET /_cluster/state/metadata", self._state)
        self._on("GET /_cat/indices", lambda _: self._cat())
        self._on("GET /_all/_alias", lambda _: self._aliases())
        self._on("POST /_aliases", self._change_aliases)
        self._on("GET /_snapshot", lambda _: self.repositories)
        self._named("/_scripts", self.scripts, lambda body: body["script"])
        self._listing("/_ingest/pipeline", self.pipelines)
        self._listing("/_search/pipeline", self.search_pipelines)
        self._listing("/_template", self.legacy)
        self._templates("/_index_template", self.templates, "index_template")
        self._templates("/_component_template", self.components, "component_template")
        for family in SECURITY:
            self._listing(f"/_plugins/_security/api/{family}", self.security[family])
        self._script_policies()
        self._script_alerting()

    # requests by their line

    def _on(self, line: str, answer: Callable[[ReceivedRequest], Any]) -> None:
        def reply(asked: ReceivedRequest) -> Reply:
            made = answer(asked)
            return made if isinstance(made, Reply) else ok(made)

        self.fake.on(line, reply)

    def _named(self, path: str, held: dict[str, Any], kept: Callable[[Any], Any] = lambda body: body) -> None:
        def put(asked: ReceivedRequest) -> Any:
            name = asked.path.removeprefix(f"{path}/")
            self.bodies.append((asked.line, asked.json))
            if asked.query.get("create") == "true" and name in held:
                return engine_error(400, "illegal_argument_exception", f"template [{name}] already exists")
            held[name] = kept(asked.json)
            return {"acknowledged": True}

        self._on(f"PUT {path}/{NAME}", put)

    def _listing(self, path: str, held: dict[str, Any]) -> None:
        self._on(f"GET {path}", lambda _: held)
        self._named(path, held)

    def _templates(self, path: str, held: dict[str, Any], one: str) -> None:
        self._on(
            f"GET {path}", lambda _: {f"{one}s": [{"name": name, one: body} for name, body in held.items()]}
        )
        self._named(path, held)

    def _put_settings(self, asked: ReceivedRequest) -> Any:
        self.bodies.append((asked.line, asked.json))
        for key, value in asked.json["persistent"].items():
            self.settings[key] = str(value).lower() if isinstance(value, bool) else str(value)
        return {"acknowledged": True}

    def _state(self, _: ReceivedRequest) -> Any:
        components = {"component_template": self.components}
        return {
            "metadata": {
                "cluster_uuid": "u",
                "stored_scripts": self.scripts,
                "component_template": components,
            }
        }

    def _cat(self) -> Any:
        return [{"index": name, "creation.date": str(at)} for name, at in self.indices.items()]

    def _aliases(self) -> Any:
        shown: dict[str, Any] = {name: {"aliases": {}} for name in self.indices}
        for alias, members in self.aliases.items():
            for index, definition in members.items():
                shown[index]["aliases"][alias] = definition
        return shown

    def _change_aliases(self, asked: ReceivedRequest) -> Any:
        self.bodies.append((asked.line, asked.json))
        for action in asked.json["actions"]:
            ((what, told),) = action.items()
            index, alias = told["index"], told["alias"]
            if what == "remove":
                del self.aliases[alias][index]
            else:
                more = {key: value for key, value in told.items() if key not in {"index", "alias"}}
                self.aliases.setdefault(alias, {})[index] = more
        return {"acknowledged": True}

    # Index State Management and Snapshot Management

    def _script_policies(self) -> None:
        self._on(
            "GET /_plugins/_ism/policies", lambda _: self._policies(self.policies, "policy", "policy_id")
        )
        self._on(
            f"PUT /_plugins/_ism/policies/{NAME}",
            lambda asked: self._put_policy(asked, self.policies, "policy"),
        )
        self._on("GET /_plugins/_ism/explain", lambda _: self._explained())
        self._on(f"POST /_plugins/_ism/add/{NAME}", self._attach)
        self._on(f"POST /_plugins/_ism/change_policy/{NAME}", self._change)
        self._on(
            "GET /_plugins/_sm/policies",
            lambda _: self._policies(self.snapshot_policies, "sm_policy", "name"),
        )
        for method in ("PUT", "POST"):
            self._on(
                f"{method} /_plugins/_sm/policies/{NAME}",
                lambda asked: self._put_policy(asked, self.snapshot_policies, ""),
            )

    def _policies(self, held: dict[str, Any], inside: str, name_key: str) -> Any:
        listed = [
            {
                "_id": name,
                "_seq_no": number,
                "_primary_term": 1,
                inside: {
                    name_key: name,
                    "schema_version": 21,
                    "last_updated_time": 1700000000000 + number,
                    **body,
                },
            }
            for number, (name, body) in enumerate(held.items())
        ]
        return {"policies": listed, "total_policies": len(listed)}

    def _put_policy(self, asked: ReceivedRequest, held: dict[str, Any], inside: str) -> Any:
        name = asked.path.rpartition("/")[2]
        self.bodies.append((asked.line, asked.json))
        number = list(held).index(name) if name in held else None
        if number is not None and asked.query.get("if_seq_no") != str(number):
            return engine_error(409, "version_conflict_engine_exception", f"[{name}]: version conflict")
        held[name] = asked.json[inside] if inside else asked.json
        return {"_id": name, "_version": 1}

    def _explained(self) -> Any:
        shown: dict[str, Any] = {
            index: {"index": index, "policy_id": policy, "enabled": True, "state": {"name": state}}
            for index, (policy, state) in self.managed.items()
        }
        return {**shown, "total_managed_indices": len(shown)}

    def _attach(self, asked: ReceivedRequest) -> Any:
        index, policy = asked.path.rpartition("/")[2], asked.json["policy_id"]
        if policy not in self.policies:
            reason = {"index_name": index, "index_uuid": "u", "reason": f"Could not find policy={policy}"}
            return {"updated_indices": 0, "failures": True, "failed_indices": [reason]}
        self.managed[index] = (policy, self.policies[policy].get("default_state", ""))
        return {"updated_indices": 1, "failures": False, "failed_indices": []}

    def _change(self, asked: ReceivedRequest) -> Any:
        index, policy = asked.path.rpartition("/")[2], asked.json["policy_id"]
        first = self.policies[policy].get("default_state", "")
        self.managed[index] = (policy, asked.json.get("state", first))
        return {"updated_indices": 1, "failures": False, "failed_indices": []}

    # alerting, notifications, Dashboards

    def _script_alerting(self) -> None:
        self._on("POST /_plugins/_alerting/monitors/_search", lambda _: self._monitors())
        self._on("POST /_plugins/_alerting/monitors", self._create_monitor)
        self._on(f"PUT /_plugins/_alerting/monitors/{NAME}", self._update_monitor)
        self._on("GET /_plugins/_notifications/configs", lambda _: self._channels())
        self._on("POST /_plugins/_notifications/configs", self._create_channel)
        self._on(f"PUT /_plugins/_notifications/configs/{NAME}", self._update_channel)
        self._on("GET /_dashboards/api/saved_objects/_find", self._find)
        self._on("POST /_dashboards/api/saved_objects/_export", self._export)
        self._on("POST /_dashboards/api/saved_objects/_import", self._import)

    def _monitors(self) -> Any:
        hits = [
            {
                "_id": key,
                "_seq_no": 3,
                "_primary_term": 1,
                "_source": {**body, "last_update_time": 1, "schema_version": 8},
            }
            for key, body in self.monitors.items()
        ]
        return {"hits": {"total": {"value": len(hits), "relation": "eq"}, "hits": hits}}

    def _create_monitor(self, asked: ReceivedRequest) -> Any:
        self._numbers += 1
        self.bodies.append((asked.line, asked.json))
        self.monitors[f"m{self._numbers}"] = asked.json
        return {"_id": f"m{self._numbers}"}

    def _update_monitor(self, asked: ReceivedRequest) -> Any:
        self.monitors[asked.path.rpartition("/")[2]] = asked.json
        return {}

    def _channels(self) -> Any:
        listed = [
            {"config_id": key, "last_updated_time_ms": 1, "created_time_ms": 1, "config": body}
            for key, body in self.channels.items()
        ]
        return {
            "start_index": 0,
            "total_hits": len(listed),
            "total_hit_relation": "eq",
            "config_list": listed,
        }

    def _create_channel(self, asked: ReceivedRequest) -> Any:
        self.channels[asked.json["config_id"]] = asked.json["config"]
        return {"config_id": asked.json["config_id"]}

    def _update_channel(self, asked: ReceivedRequest) -> Any:
        self.channels[asked.path.rpartition("/")[2]] = asked.json["config"]
        return {}

    def _find(self, asked: ReceivedRequest) -> Any:
        kind = asked.query["type"]
        listed = [
            {"type": kind, "id": key.partition("/")[2], "version": "WzE=", "updated_at": "2024-01-01", **body}
            for key, body in self.objects.items()
            if key.startswith(f"{kind}/")
        ]
        return {"page": 1, "per_page": 10_000, "total": len(listed), "saved_objects": listed}

    def _export(self, asked: ReceivedRequest) -> Any:
        if "osd-xsrf" not in asked.headers:
            return Reply(400, {"statusCode": 400, "message": "Request must contain a osd-xsrf header."})
        keys = [f"{each['type']}/{each['id']}" for each in asked.json["objects"]]
        lines = [
            {"type": key.partition("/")[0], "id": key.partition("/")[2], **self.objects[key]} for key in keys
        ]
        return Reply(200, "\n".join(json.dumps(line) for line in lines), type="application/ndjson")

    def _import(self, asked: ReceivedRequest) -> Any:
        form = asked.body.decode()
        boundary = asked.headers["content-type"].partition("boundary=")[2]
        assert form.startswith(f"--{boundary}\r\n") and form.rstrip().endswith(f"--{boundary}--")
        lines = [json.loads(line) for line in form.splitlines() if re.match(r"\{", line)]
        overwrite = asked.query.get("overwrite") == "true"
        errors = []
        for line in lines:
            key = f"{line.pop('type')}/{line.pop('id')}"
            if key in self.objects and not overwrite:
                kind, _, name = key.partition("/")
                errors.append({"type": kind, "id": name, "error": {"type": "conflict"}})
            else:
                self.objects[key] = line
        return {"success": not errors, "successCount": len(lines) - len(errors), "errors": errors}
