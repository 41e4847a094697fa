"""No address of this machine, its network or a cloud's insides passes for public, however it is written."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.public_addresses import why_not_public

REFUSED = {
    "0.0.0.0": "unspecified",
    "10.1.2.3": "private",
    "100.64.0.1": "CGNAT",
    "127.0.0.1": "loopback",
    "127.255.255.254": "loopback",
    "169.254.169.254": "link-local",  # where clouds tell a machine its credentials
    "172.31.255.255": "private",
    "192.0.0.192": "protocols",
    "192.168.0.1": "private",
    "198.18.0.1": "benchmarks",
    "203.0.113.7": "documentation",
    "224.0.0.1": "multicast",
    "255.255.255.255": "reserved",
    "168.63.129.16": "cloud",
    "::": "unspecified",
    "::1": "loopback",
    "::127.0.0.1": "another form",
    "::ffff:127.0.0.1": "another form",
    "::ffff:8.8.8.8": "another form",
    "64:ff9b::7f00:1": "NAT64",
    "64:ff9b:1::a00:1": "NAT64",
    "100::1": "reserved",
    "2001:0:53aa:64c:0:fbff:80ff:fffe": "protocols",
    "2001:db8::1": "documentation",
    "2002:7f00:1::": "6to4",
    "3fff::1": "documentation",
    "5f00::1": "reserved",
    "fc00::1": "private",
    "fd00:ec2::254": "private",
    "fe80::1": "link-local",
    "fe80::1%eth0": "link-local",
    "fec0::1": "private",
    "ff02::1": "multicast",
}
PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.215.14", "172.32.0.1", "100.128.0.1", "2606:4700:4700::1111", "2a00:1450::1"]


@pytest.mark.parametrize(("address", "kind"), REFUSED.items())
def test_what_is_not_public_is_named(address: str, kind: str) -> None:
    assert kind in str(why_not_public(ip_address(address)))


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_is(address: str) -> None:
    assert why_not_public(ip_address(address)) is None


@given(st.ip_addresses())
def test_nothing_is_public_that_python_knows_not_to_be(address: IPv4Address | IPv6Address) -> None:
    if not address.is_global or address.is_multicast or address.is_reserved:
        assert why_not_public(address) is not None


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_is_public_in_an_ipv6_one(address: IPv4Address) -> None:
    number = int(address)
    for prefix in ("::", "::ffff:0:0", "::ffff:0:0:0", "64:ff9b::", "64:ff9b:1::"):
        assert why_not_public(IPv6Address(int(IPv6Address(prefix)) | number)) is not None
    assert why_not_public(IPv6Address((0x2002 << 112) | (number << 80))) is not None
