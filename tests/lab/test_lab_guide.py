"""The guide's own client steps, with plain requests and requests_aws4auth; no product code."""

from __future__ import annotations

import guide_client

SENTENCE = "The bucket is in this region: us-east-1. Please use this region to retry the request."


def test_the_guides_client_steps_in_their_order(clean_lab):
    guide_client.walk(clean_lab)


def take(call, s3_repository, documents: int = 3) -> None:
    for number in range(documents):
        call("source", "PUT", f"/books/_doc/{number}?refresh=true", {"number": number}).raise_for_status()
    call("source", "PUT", "/_snapshot/guide", s3_repository(region="us-east-1")).raise_for_status()
    taken = call("source", "PUT", "/_snapshot/guide/one?wait_for_completion=true", {"indices": "books"})
    assert taken.json()["snapshot"]["state"] == "SUCCESS"


def test_same_region_registration_is_verified_and_echoed(clean_lab, call, s3_repository):
    wanted = s3_repository(region="us-east-1")
    assert call("source", "PUT", "/_snapshot/guide", wanted).json() == {"acknowledged": True}
    assert call("source", "GET", "/_snapshot/guide").json() == {"guide": wanted}
    assert len(call("source", "POST", "/_snapshot/guide/_verify").json()["nodes"]) == 1


def test_region_form_fails_across_regions_and_stays_registered(clean_lab, call, s3_repository):
    wanted = s3_repository(region="us-east-1", readonly="true")
    reply = call("target", "PUT", "/_snapshot/guide", wanted)
    assert reply.status_code == 500
    assert reply.json()["status"] == 500
    assert SENTENCE in reply.text
    assert call("target", "GET", "/_snapshot/guide").json() == {"guide": wanted}
    listed = call("target", "GET", "/_snapshot/guide/_all")
    assert (listed.status_code, SENTENCE in listed.text) == (500, True)


def test_a_wrong_region_is_refused_at_home_too(clean_lab, call, s3_repository):
    reply = call("source", "PUT", "/_snapshot/guide", s3_repository(region="us-east-2"))
    assert (reply.status_code, SENTENCE in reply.text) == (500, True)


def test_no_region_at_all_means_the_domains_own(clean_lab, call, s3_repository):
    assert call("source", "PUT", "/_snapshot/guide", s3_repository()).status_code == 200
    reply = call("target", "PUT", "/_snapshot/guide", s3_repository(readonly=True))
    assert (reply.status_code, SENTENCE in reply.text) == (500, True)


def test_the_whole_way_with_the_endpoint_form(clean_lab, call, s3_repository):
    take(call, s3_repository)
    assert call("target", "PUT", "/_snapshot/guide", s3_repository(region="us-east-1")).status_code == 500
    wanted = s3_repository(endpoint="s3.amazonaws.com", readonly="true")
    assert call("target", "PUT", "/_snapshot/guide", wanted).status_code == 200
    assert call("target", "GET", "/_snapshot/guide").json() == {"guide": wanted}
    assert call("target", "GET", "/_snapshot").json() == {"guide": wanted}
    shown = call("target", "GET", "/_cluster/state/metadata?filter_path=metadata.repositories").json()
    assert shown["metadata"]["repositories"]["guide"]["settings"] == wanted["settings"]
    listed = call("target", "GET", "/_snapshot/guide/_all").json()["snapshots"]
    assert [each["snapshot"] for each in listed] == ["one"]
    restored = call(
        "target", "POST", "/_snapshot/guide/one/_restore?wait_for_completion=true", {"indices": "books"}
    )
    assert restored.json()["snapshot"]["shards"] == {"total": 1, "failed": 0, "successful": 1}
    assert call("target", "GET", "/books/_count").json()["count"] == 3


def test_a_readonly_repository_is_not_written_to(clean_lab, call, s3_repository):
    take(call, s3_repository)
    readonly = s3_repository(endpoint="s3.amazonaws.com", readonly=True)
    call("target", "PUT", "/_snapshot/guide", readonly).raise_for_status()
    reply = call("target", "PUT", "/_snapshot/guide/two?wait_for_completion=true")
    assert reply.status_code == 500
    assert reply.json()["error"]["reason"] == "[guide] cannot create snapshot in a readonly repository"


def test_a_missing_bucket_brings_the_engines_own_error(clean_lab, call, s3_repository):
    reply = call("source", "PUT", "/_snapshot/guide", s3_repository(bucket="no-such-bucket"))
    assert reply.status_code == 500
    assert reply.json()["error"]["type"] == "repository_verification_exception"
    assert "no_such_bucket_exception" in reply.text


def test_a_role_is_required(clean_lab, call, s3_repository):
    body = s3_repository(region="us-east-1")
    del body["settings"]["role_arn"]
    assert call("source", "PUT", "/_snapshot/guide", body).status_code == 400
    assert call("source", "GET", "/_snapshot/guide").status_code == 404


def test_cs_names_belong_to_the_service(clean_lab, call, s3_repository):
    reply = call("source", "PUT", "/_snapshot/cs-mine", s3_repository(region="us-east-1"))
    assert reply.status_code == 403
    assert "cs-mine" in reply.json()["Message"]
    assert call("source", "GET", "/_snapshot").json() == {}


def test_removing_a_registration_forgets_its_trouble(clean_lab, call, s3_repository):
    call("target", "PUT", "/_snapshot/guide", s3_repository(region="us-east-1"))
    assert call("target", "DELETE", "/_snapshot/guide").status_code == 200
    assert call("target", "GET", "/_snapshot/guide/_all").status_code == 404
