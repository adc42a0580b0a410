import pytest

from dustjacket.web.addresses import is_public


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
     "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "0.0.0.1", "224.0.0.1",
     "240.0.0.1", "255.255.255.255", "198.18.0.1", "::1", "::", "fe80::1", "fe80::1%eth0",
     "fc00::1", "fd00:ec2::254", "ff02::1", "fec0::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8",
     "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:0:1::", "::127.0.0.1", "3fff::1",
     "3fff:fff:ffff::1", "2001:db8::1", "5f00::1", "100::1"],
)  # fmt: skip
def test_an_address_that_is_not_public_is_refused(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "3fff:1000::1"])
def test_a_public_address_is_accepted(address):
    assert is_public(address)
