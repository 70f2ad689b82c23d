"""An API that a domain does not have is no answer of another kind; a denial never counts as such."""

from __future__ import annotations

import pytest
from support.building import a_domain
from support.fake_domain import FakeDomain, Reply, engine_error, ok

from domains.engine.configuration import (
    monitors,
    notification_channels,
    pipelines,
    policies,
    security_configuration,
    template_definitions,
)
from domains.engine.policies import index_state_management
from domains.errors import Denied, Refused, UnexpectedReply
from domains.versions import version_of

OLD = version_of("elasticsearch", "7.10.2")
NEW = version_of("opensearch", "2.19.4")


def no_page(parameter: str) -> Reply:
    reason = f"request [/x] contains unrecognized parameter: [{parameter}]"
    return engine_error(400, "illegal_argument_exception", reason)


def no_index(name: str) -> Reply:
    return engine_error(404, "index_not_found_exception", f"no such index [{name}]")


NO_HANDLER = Reply(400, {"error": "no handler found for uri [/_plugins/x] and method [GET]"})
READS = {
    "index policies": lambda domain, version: policies.index_definitions(domain, version),
    "managed indices": lambda domain, version: index_state_management.managed_indices(domain, version),
    "snapshot policies": lambda domain, version: policies.snapshot_definitions(domain),
    "channels": lambda domain, version: notification_channels.channels(domain),
    "destinations": lambda domain, version: notification_channels.destinations(domain, version),
    "monitors": lambda domain, version: monitors.monitors(domain, version),
    "roles": lambda domain, version: security_configuration.security_definitions(
        domain, version, security_configuration.ROLES
    ),
    "search pipelines": lambda domain, version: pipelines.pipelines(domain, pipelines.SEARCH),
    "component templates": lambda domain, version: template_definitions.component_templates(domain),
}


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize(
    "answers",
    [
        (NO_HANDLER,),
        (no_page("size"), no_index("_opendistro")),
        (no_page("size"), no_index("_plugins")),
        (Reply(401, {"Message": "Your request: '/_x' is not allowed."}),),
        (
            Reply(
                405,
                {"error": "Incorrect HTTP method for uri [/_search/pipeline] and method [GET]"},
            ),
        ),
    ],
    ids=["no handler", "Elasticsearch 7.10, its own", "Elasticsearch 7.10", "front door", "405"],
)
def test_what_engines_without_the_api_say(source: FakeDomain, read: str, answers: tuple[Reply, ...]) -> None:
    """Words of 7.10.2 and 2.19.4, as they were observed."""
    if len(answers) > 1 and read in {"monitors", "roles", "search pipelines", "component templates"}:
        answers = answers[1:]  # asked without a page
    source.on(".*", *answers)
    assert READS[read](a_domain(source), OLD) is None


@pytest.mark.parametrize("read", READS)
def test_a_missing_right_is_no_missing_api(source: FakeDomain, read: str) -> None:
    source.on(".*", engine_error(403, "security_exception", "no permissions for [x] and User [name=a]"))
    with pytest.raises(Denied):
        READS[read](a_domain(source), NEW)


def test_no_pipelines_is_none_of_them_whatever_the_status(source: FakeDomain) -> None:
    source.on("GET /_search/pipeline", Reply(404, {}))
    assert pipelines.pipelines(a_domain(source), pipelines.SEARCH) == {}
    source.on("GET /_search/pipeline", engine_error(404, "other_exception", "why"))
    with pytest.raises(Refused):
        pipelines.pipelines(a_domain(source), pipelines.SEARCH)


def test_a_plugin_that_holds_nothing_yet_is_empty(source: FakeDomain) -> None:
    source.on(
        ".*_ism.*", engine_error(404, "index_not_found_exception", "no such index [.opendistro-ism-config]")
    )
    source.on(
        ".*_alerting.*",
        engine_error(
            404, "alerting_exception", "Configured indices are not found: [.opendistro-alerting-config]"
        ),
    )
    domain = a_domain(source)
    assert policies.index_definitions(domain, NEW) == {}
    assert monitors.monitors(domain, NEW) == ()


def test_a_list_that_is_shorter_than_it_says_is_no_answer(source: FakeDomain) -> None:
    source.on("GET /_plugins/_ism/policies", ok({"policies": [], "total_policies": 3}))
    with pytest.raises(UnexpectedReply):
        policies.index_definitions(a_domain(source), NEW)


def test_an_index_whose_policy_has_not_begun_is_known_by_its_setting(source: FakeDomain) -> None:
    shown = {"index.plugins.index_state_management.policy_id": "p", "policy_id": None, "enabled": None}
    source.on(
        "GET /_plugins/_ism/explain", ok({"a": shown, "b": {"policy_id": None}, "total_managed_indices": 1})
    )
    assert index_state_management.managed_indices(a_domain(source), NEW) == {
        "a": index_state_management.ManagedIndex("p", "")
    }
