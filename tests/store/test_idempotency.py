"""A request sent twice has one effect and one answer."""

from dataclasses import replace

import pytest

from billing.store import accounts, idempotency
from billing.store.idempotency import Answer, KeyClaimed, KeyReused
from tests.examples import at, customer

NOW = at("2026-11-01 12:00")
ANSWER = Answer("staff:mira", "key-1", "digest-1", 201, {"id": "acc_1"}, NOW)


def load(request: str = "digest-1", now=NOW):
    return idempotency.load("staff:mira", "key-1", request, now)


def test_the_answer_commits_with_the_effect(tables):
    assert load() is None
    accounts.save_new_customer(**customer(), also=[idempotency.put_of(ANSWER)])

    assert load() == ANSWER


def test_the_same_key_with_another_request_is_refused(tables):
    idempotency.claim(ANSWER)

    with pytest.raises(KeyReused, match="'key-1' was used for another request"):
        load("digest-2")


def test_of_two_equal_requests_at_once_one_has_the_effect(tables):
    idempotency.claim(ANSWER)

    with pytest.raises(KeyClaimed):
        accounts.save_new_customer(**customer(), also=[idempotency.put_of(ANSWER)])
    assert accounts.due_accounts(1) == []


def test_a_key_belongs_to_its_principal(tables):
    idempotency.claim(ANSWER)

    assert idempotency.load("staff:noor", "key-1", "digest-1", NOW) is None


def test_an_answer_past_its_time_decides_nothing_though_it_is_still_stored(tables):
    idempotency.claim(ANSWER)
    later = at("2026-11-04 12:00")

    assert load("digest-2", later) is None
    assert idempotency.claim(replace(ANSWER, request="digest-2", at=later))
