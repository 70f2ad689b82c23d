"""Destinations of earlier versions become channels with the same id."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.metadata.channels import BY_HAND, as_channel


@pytest.mark.parametrize(
    ("destination", "channel"),
    [
        (
            {"type": "slack", "name": "ops", "id": "x", "schema_version": 3, "slack": {"url": "https://a/b"}},
            {"name": "ops", "config_type": "slack", "slack": {"url": "https://a/b"}},
        ),
        (
            {"type": "sns", "name": "n", "sns": {"topic_arn": "arn:t", "role_arn": "arn:r"}},
            {"name": "n", "config_type": "sns", "sns": {"topic_arn": "arn:t", "role_arn": "arn:r"}},
        ),
        (
            {
                "type": "custom_webhook",
                "name": "w",
                "custom_webhook": {"url": "https://a", "scheme": "HTTPS"},
            },
            {"name": "w", "config_type": "webhook", "webhook": {"url": "https://a", "header_params": {}}},
        ),
        (
            {"type": "email", "name": "m", "email": {"recipients": []}},
            {"name": "m", "config_type": "email", BY_HAND: True},
        ),
        (
            {"type": "custom_webhook", "name": "w", "custom_webhook": {"host": "a", "port": -1}},
            {"name": "w", "config_type": "custom_webhook", BY_HAND: True},
        ),
    ],
)
def test_a_destination_becomes_the_channel(destination: dict[str, Any], channel: dict[str, Any]) -> None:
    assert as_channel(destination) == {"description": "", "is_enabled": True, **channel}
