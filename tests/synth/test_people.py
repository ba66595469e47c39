from __future__ import annotations

import numpy as np
import pytest

from stumble.errors import SpecError
from stumble.synth.body import Body
from stumble.synth.people import Person, Population

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


def test_another_population_is_other_people_of_another_kind() -> None:
    """Every shift asked for is several standard errors of a mean over 200 people, or over 40 men."""
    given = Population("a", women=0.8, stature=0.05, weight=0.7, age=0.9, clothes=1.5)
    others = [Person.draw(1, subject, given) for subject in range(1, 201)]
    assert not {person.style for person in others} & {person.style for person in PEOPLE}

    def facts(people: list[Person]) -> np.ndarray:
        """Share of women, stature of men, weight, age, shirts."""
        shapes = [person.shape for person in people]
        men = [shape.stature for shape in shapes if shape.gender < 0.5]
        each = [(shape.gender > 0.5, shape.weight, shape.age) for shape in shapes]
        women, weight, age = np.mean(each, axis=0)
        return np.array([women, np.mean(men), weight, age, np.mean([person.outfit.shirt for person in people])])

    before, after = facts(PEOPLE), facts(others)
    asked = (0.45, 0.05, 0.2, 0.2 / 3)  # the mean of a triangle moves by a third of what its mode does
    assert (np.abs(after[:4] - before[:4] - asked) < (0.15, 0.03, 0.06, 0.02)).all()
    assert after[4] / before[4] == pytest.approx(1.5, rel=0.1)


def test_names_say_which_population_it_is() -> None:
    assert [Population().name(n) for n in (1, 75, 124)] == ["001", "075", "124"]
    assert [Population("a").name(n) for n in (1, 20)] == ["a01", "a20"]


@pytest.mark.parametrize(("field", "value"), [("women", 1.5), ("age", 0.5)])
def test_a_population_that_cannot_be_drawn_says_so(field: str, value: float) -> None:
    with pytest.raises(SpecError, match=f"population: {field} is {value}; expected 0"):
        Population(**{field: value})  # type: ignore[arg-type]
