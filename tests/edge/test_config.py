"""collector.toml: what is wrong is named with its fix, and secrets never show."""

import tomllib

import pytest

from edge.config import BadConfig, parse

GOOD = """
[collector]
id = "col-1"
spool = "/tmp/spool.db"
[radius]
secret = "the-default-secret"
[[nas]]
address = "10.0.0.0/8"
secret = "wide"
[[nas]]
address = "10.1.2.3"
id = "bng-1"
secret_env = "BNG_1"
line_rate_mbps = 200
[kinesis]
stream = "usage"
hmac_key = "000102030405060708090a0b0c0d0e0f"
"""
ENVIRONMENT = {"BNG_1": "narrow"}


def configured(text=GOOD, environment=ENVIRONMENT):
    return parse(tomllib.loads(text), environment)


def test_the_narrowest_network_decides_the_secret_and_the_rest_have_the_default():
    routers = configured().routers
    assert routers.at("10.1.2.3").secret == b"narrow"
    assert routers.at("::ffff:10.1.2.3").secret == b"narrow"
    assert routers.at("10.9.9.9").secret == b"wide"
    assert routers.at("192.0.2.1").secret == b"the-default-secret"


def test_line_rates_follow_the_name_of_the_router():
    routers = configured().routers
    assert routers.line_rate_bps("bng-1") == 200_000_000
    assert routers.line_rate_bps("elsewhere") == 1_000_000_000


def test_without_a_default_secret_a_stranger_is_unknown():
    config = configured(GOOD.replace('secret = "the-default-secret"', ""))
    assert config.routers.at("192.0.2.1") is None


def test_no_secret_is_printed():
    config = configured()
    assert all(word not in repr(config) for word in ("secret", "narrow", "wide", "0001"))
    assert "narrow" not in repr(config.routers.at("10.1.2.3"))


@pytest.mark.parametrize(
    ("was", "becomes", "problem"),
    [
        ("spool =", "spol =", "collector.spol: unknown key; did you mean `spool`?"),
        ("[kinesis]", "[kinesys]", "[kinesys]: unknown section; did you mean `kinesis`?"),
        ('"10.1.2.3"', '"10.1.2"', "nas[1].address: '10.1.2' does not appear to be"),
        ("[[nas]]", "", "Cannot declare|overwrite"),
        ('"BNG_1"', '"BNG_2"', "nas[1].secret_env: the environment has no BNG_2; set it"),
        ('"0001', '"zz01', "kinesis.hmac_key: not hexadecimal"),
        ('hmac_key = "000102030405060708090a0b0c0d0e0f"', "", "at least 16 bytes"),
        ('stream = "usage"', "", "kinesis.stream: missing"),
        ("= 200", '= "200"', "nas[1].line_rate_mbps: '200' is no number"),
    ],
)
def test_what_is_wrong_is_named_with_its_fix(was, becomes, problem):
    with pytest.raises((BadConfig, tomllib.TOMLDecodeError)) as error:
        configured(GOOD.replace(was, becomes))
    assert any(part in str(error.value) for part in problem.split("|"))


def test_a_single_table_of_routers_is_refused():
    text = '[collector]\nid = "c"\nspool = "s"\n[nas]\naddress = "10.1.2.3"\n'
    with pytest.raises(BadConfig, match=r"write it as \[\[nas\]\]"):
        configured(text)


def test_a_collector_without_an_input_is_refused():
    with pytest.raises(BadConfig, match=r"neither \[radius\] nor \[lines\]"):
        configured('[collector]\nid = "c"\nspool = "s"\n[kinesis]\nstream = "u"\n')
