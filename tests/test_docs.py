"""What the documentation shows is what the code does."""

import doctest
import tomllib

from billing.config import ROOT, load_plans

PRICING = ROOT / "docs" / "pricing.md"


def test_every_example_of_the_price_schema_runs():
    result = doctest.testfile(str(PRICING), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert result.attempted > 10
    assert result.failed == 0


def test_the_plan_it_shows_can_be_imported(tmp_path):
    shown = PRICING.read_text("utf-8").split("```toml\n")[1].split("```")[0]
    file = tmp_path / "plans.toml"
    file.write_text(shown, "utf-8")
    assert tomllib.loads(shown)["offerings"][0]["code"] == load_plans(file)[0].code
