from __future__ import annotations

import numpy as np

from stumble.synth.body import Body
from stumble.synth.people import Person

PEOPLE = [Person.draw(1, subject) for subject in range(1, 201)]


def test_a_person_is_who_they_are() -> None:
    assert Person.draw(1, 5) == PEOPLE[4]
    assert Person.draw(2, 5) != PEOPLE[4] != Person.draw(1, 6)


def test_people_differ_and_all_can_be_built() -> None:
    assert len({person.shape for person in PEOPLE}) == len({person.style for person in PEOPLE}) == len(PEOPLE)
    for person in PEOPLE[::20]:
        Body(person.shape)


def test_the_population_is_plausible() -> None:
    women = np.array([person.shape.gender > 0.5 for person in PEOPLE])
    assert 0.25 < women.mean() < 0.45
    statures = np.array([person.shape.stature for person in PEOPLE])
    assert 0.06 < statures[~women].mean() - statures[women].mean() < 0.18
    long_hair = np.array([person.outfit.long_hair > 0 for person in PEOPLE])
    assert long_hair[women].mean() > 0.4 > 0.15 > long_hair[~women].mean()
    kinds = [person.bag.kind for person in PEOPLE]
    assert all(0.15 < kinds.count(kind) / len(kinds) < 0.5 for kind in ("backpack", "shoulder", "hand"))
