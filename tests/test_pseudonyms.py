"""Can a person be recognised by an alert whose persons are pseudonyms? (stream/pseudonyms.py)"""

from __future__ import annotations

import pytest

from schemas.alerts import encode_alert
from stream.pseudonyms import pseudonymiser
from stream.secret import Secret
from tests.metrics_of_a_day import an_alert


def test_the_same_person_has_the_same_pseudonym_and_his_number_is_nowhere() -> None:
    hide = pseudonymiser(Secret("a key"))
    one = hide(an_alert("a", persons=["5001060000000000099"]))
    other = hide(an_alert("b", persons=["5001060000000000099", "5001060000000000100"]))
    assert one.persons == other.persons[:1]
    assert other.persons[0] != other.persons[1]
    assert b"0000000099" not in encode_alert(one)


def test_another_key_gives_another_pseudonym() -> None:
    alert = an_alert("a", persons=["5001060000000000099"])
    assert pseudonymiser(Secret("one"))(alert).persons != pseudonymiser(Secret("two"))(alert).persons


@pytest.mark.parametrize("persons", [[], ["5001060000000000099"]])
def test_without_a_key_alerts_stay_as_they_are(persons: list[str]) -> None:
    alert = an_alert("a", persons=persons)
    assert pseudonymiser(None)(alert) is alert
