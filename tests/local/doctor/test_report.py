"""The report as a person reads it, on a machine that knows nothing of AWS."""

import io

import pytest
from rich.console import Console

from local.context import ROOT
from local.doctor import __main__ as doctor
from local.doctor import config, machine
from local.doctor.finding import State


def test_an_invented_provider_is_not_ready_and_each_word_that_is_invented_is_named():
    found = config.findings(ROOT, {"portal_url": "https://portal.meridian.example"})

    said = " ".join(one.said for one in found if one.state is State.FIX)
    for invented in ("mail.sender", "sellers.meridian.vat_id", "portal.meridian.example"):
        assert invented in said
    assert "console_url is no https address" in said
    assert "alarms_to reaches nobody" in said


def test_a_mistake_in_isp_toml_is_told_with_its_path(tmp_path):
    (tmp_path / "isp.toml").write_text((ROOT / "isp.toml").read_text().replace("zone", "zome", 1))

    (only,) = config.findings(tmp_path, {})
    assert "isp.zome" in only.said


def test_a_real_provider_with_its_own_addresses_has_nothing_to_fix(tmp_path):
    text = (ROOT / "isp.toml").read_text()
    text = text.replace(".example", ".net").replace("IE0000000XX", "IE6388047V")
    (tmp_path / "isp.toml").write_text(text)
    (tmp_path / "plans.toml").write_text((ROOT / "plans.toml").read_text())
    context = {
        "portal_url": "https://portal.brook.net",
        "console_url": "https://desk.brook.net",
        "alarms_to": "noc@brook.net",
    }

    assert {one.state for one in config.findings(tmp_path, context)} == {State.FINE}


@pytest.mark.parametrize(
    ("version", "state"), [(None, "fix"), ("v18.20.4", "fix"), ("v20.19.2", "fine")]
)
def test_node_must_be_there_and_new_enough(version, state):
    assert machine.node(version).state == state


def test_without_credentials_aws_is_not_asked_and_the_report_says_so(monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    page = io.StringIO()

    doctor.show(doctor.examined("prod"), Console(file=page, width=100, soft_wrap=True))

    assert "There are no AWS credentials here: AWS was not asked" in page.getvalue()
    assert "tried on recorded replies only" in page.getvalue()
    assert "to fix before `make deploy`" in page.getvalue()


def test_what_the_functions_reserve_is_read_from_the_templates():
    assert doctor.reserved_executions() == 100 + 50 + 50  # both doors, webhooks
