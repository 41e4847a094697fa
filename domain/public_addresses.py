"""Which IP addresses belong to the public internet, and which lead to this machine, its network or nowhere.

After IANA's special-purpose registries (https://www.iana.org/assignments/iana-ipv4-special-registry and
iana-ipv6-special-registry; RFC 6890). Written out, because what Python's ipaddress calls global has changed between
patch releases and includes multicast. Of IPv6 only the block that IANA assigns from is public, so that every way to
write an IPv4 address as an IPv6 one is outside or listed.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address

_IPV4 = {
    "unspecified": ("0.0.0.0/8",),
    "private": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
    "shared between the customers of a provider (CGNAT)": ("100.64.0.0/10",),
    "loopback": ("127.0.0.0/8",),
    "link-local": ("169.254.0.0/16",),
    "reserved for protocols": ("192.0.0.0/24", "192.88.99.0/24"),
    "reserved for documentation": ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"),
    "reserved for benchmarks": ("198.18.0.0/15",),
    "multicast": ("224.0.0.0/4",),
    "reserved": ("240.0.0.0/4",),
    "a cloud's own (Azure's metadata)": ("168.63.129.16/32",),
}
_IPV6_GLOBAL = IPv6Network("2000::/3")
_IPV6 = {
    "unspecified": ("::/128",),
    "loopback": ("::1/128",),
    "an IPv4 address in another form": ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96"),
    "an IPv4 address behind a translator (NAT64)": ("64:ff9b::/96", "64:ff9b:1::/48"),
    "private": ("fc00::/7", "fec0::/10"),
    "link-local": ("fe80::/10",),
    "multicast": ("ff00::/8",),
    "reserved for protocols": ("2001::/23",),  # Teredo, ORCHID, benchmarks and more
    "reserved for documentation": ("2001:db8::/32", "3fff::/20"),
    "an IPv4 address behind a relay (6to4)": ("2002::/16",),
}
_IPV4_RANGES = [(IPv4Network(network), name) for name, networks in _IPV4.items() for network in networks]
_IPV6_RANGES = [(IPv6Network(network), name) for name, networks in _IPV6.items() for network in networks]


def why_not_public(address: Address) -> str | None:
    """What kind of address it is, as in "10.0.0.1 is private"; None for a public one."""
    if isinstance(address, IPv4Address):
        return next((name for network, name in _IPV4_RANGES if address in network), None)
    bare = IPv6Address(int(address))  # without its zone
    kind = next((name for network, name in _IPV6_RANGES if bare in network), None)
    return kind if kind or bare in _IPV6_GLOBAL else "reserved"
