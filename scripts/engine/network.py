"""The network of a private engine: a bridge of its own and three firewall rules, each marked with the engine's name.

dockerd's own rules are switched off. Its chains have fixed names, and a second dockerd that starts empties those of
the first: an engine that somebody else has here would lose its published ports. What is published on 127.0.0.1 does
not need rules, since docker-proxy carries it. The default bridge, which images are built on, reaches the internet.
Networks that are made later do not: a stack under measurement must not, and says so by an option of its own.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

from .errors import NoEngineError
from .host import run
from .place import EnginePlace

_POOL_PREFIX = 16
# What the engine's networks are cut from, away from the ranges that Docker itself takes first.
_CANDIDATES = tuple(IPv4Network(f"10.{second}.0.0/{_POOL_PREFIX}") for second in range(200, 250)) + tuple(
    IPv4Network(f"172.{second}.0.0/{_POOL_PREFIX}") for second in range(31, 18, -1)
)
# Half of the internet is no network that anything here is on: it is how some tunnels write a default route.
_WIDEST_PREFIX = 8


@dataclass(frozen=True)
class Pool:
    """The addresses of an engine; the first /24 is the default bridge's, the rest are for networks made later."""

    network: IPv4Network

    @property
    def bridge(self) -> IPv4Network:
        """The default bridge's part."""
        return next(self.network.subnets(new_prefix=24))


def free_pool(taken: Collection[IPv4Network]) -> Pool:
    """The first candidate that overlaps nothing that is taken."""
    for candidate in _CANDIDATES:
        if not any(candidate.overlaps(network) for network in taken):
            return Pool(candidate)
    raise NoEngineError("every range of addresses that its networks could have is routed elsewhere")


def taken_networks() -> list[IPv4Network]:
    """All that this machine has a route or an address in, default routes left out."""
    routes = json.loads(run(["ip", "-json", "-4", "route", "show", "table", "all"]))
    networks = [IPv4Network(route["dst"]) for route in routes if route["dst"] != "default"]
    return [network for network in networks if network.prefixlen >= _WIDEST_PREFIX]


def make_network(place: EnginePlace, pool: Pool) -> None:
    """Make the bridge and the rules."""
    run(["ip", "link", "add", place.bridge, "type", "bridge"])
    run(["ip", "address", "add", f"{pool.bridge[1]}/{pool.bridge.prefixlen}", "dev", place.bridge])
    run(["ip", "link", "set", place.bridge, "up"])
    answers = ["-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED"]
    for rule in (
        [
            *("-t", "nat", "-A", "POSTROUTING"),
            "-s",
            f"{pool.bridge}",
            "!",
            "-o",
            place.bridge,
            "-j",
            "MASQUERADE",
        ],
        # Another engine's policy may be to drop whatever it did not allow itself.
        ["-I", "FORWARD", "-s", f"{pool.network}", "-j", "ACCEPT"],
        ["-I", "FORWARD", "-d", f"{pool.network}", *answers, "-j", "ACCEPT"],
    ):
        run(["iptables", "--wait", *rule, "-m", "comment", "--comment", place.id])


def remove_network(place: EnginePlace) -> None:
    """Remove what make_network made, or part of it, and the bridges of networks that a killed dockerd left."""
    for table in ("nat", "filter"):
        for rule in run(["iptables", "--wait", "-t", table, "-S"]).splitlines():
            words = shlex.split(rule)
            if place.id in words:
                run(["iptables", "--wait", "-t", table, "-D", *words[1:]])
    for bridge in _bridges(place):
        run(["ip", "link", "delete", bridge])


def _bridges(place: EnginePlace) -> list[str]:
    """The engine's bridges: those with an address of its pool. The default one, which tells the pool, is last."""
    links = json.loads(run(["ip", "-json", "address", "show", "type", "bridge"]))
    # The command writes an empty object for each link that it leaves out.
    networks = {link["ifname"]: _pools(link["addr_info"]) for link in links if link}
    if place.bridge not in networks:
        return []
    others = [
        name for name, pools in networks.items() if name != place.bridge and pools & networks[place.bridge]
    ]
    return [*others, place.bridge]


def _pools(addresses: Sequence[Mapping[str, str]]) -> set[IPv4Network]:
    """The pools that ``addresses``, as `ip` lists them, would be of."""
    return {
        IPv4Network(f"{address['local']}/{_POOL_PREFIX}", strict=False)
        for address in addresses
        if address["family"] == "inet"
    }
