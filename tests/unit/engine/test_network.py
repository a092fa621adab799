from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from scripts.engine.errors import NoEngineError
from scripts.engine.network import free_pool


def test_the_first_range_that_overlaps_nothing_is_taken() -> None:
    taken = [IPv4Network("10.200.3.0/24"), IPv4Network("10.201.0.1/32"), IPv4Network("192.168.0.0/16")]

    pool = free_pool(taken)

    assert pool.network == IPv4Network("10.202.0.0/16")
    assert pool.bridge == IPv4Network("10.202.0.0/24")


def test_a_route_for_all_of_10_leads_to_another_range() -> None:
    pool = free_pool([IPv4Network("10.0.0.0/8")])

    assert not pool.network.overlaps(IPv4Network("10.0.0.0/8"))
    assert pool.network.is_private


def test_no_free_range_is_said() -> None:
    with pytest.raises(NoEngineError, match="routed elsewhere"):
        free_pool([IPv4Network("10.0.0.0/8"), IPv4Network("172.16.0.0/12")])
