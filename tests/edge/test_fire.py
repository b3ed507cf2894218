"""Killed at random points under load, the collector delivers each acknowledged packet, once."""

import pytest

from tests.edge.fire import points, under_fire

pytestmark = pytest.mark.usefixtures("socket_enabled")
SEED, KILLS = 19, 8


def test_killed_eight_times_it_loses_nothing_and_counts_nothing_twice(tmp_path):
    print(f"seed {SEED}")
    outcome = under_fire(tmp_path, points(KILLS, SEED), SEED)

    assert outcome.kills.total() == KILLS
    assert len(outcome.kills) == 6  # every kind of point
    assert outcome.sent == outcome.acknowledged == outcome.arrived > 1000
    assert outcome.right, outcome


@pytest.mark.long
@pytest.mark.parametrize(
    ("fault", "point", "seen"),
    [
        ("acknowledge-before-commit", "answering", "lost"),
        ("delete-before-confirmed", "offering", "lost"),
        ("reuse-the-boot", "running", "double"),
        ("begin-sessions-anew", "running", "too_much"),
    ],
)
def test_a_collector_with_a_fault_would_be_found_out(tmp_path, fault, point, seen):
    outcome = under_fire(tmp_path, [point] * 2, SEED, ("tests.edge.planted", fault))

    assert not outcome.right
    assert getattr(outcome, seen) > 0
