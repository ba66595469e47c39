"""The black-box attack on a target whose optimum is known, beside random search with as many queries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from stumble.attacks import EvolvedLatents, RandomLatents
from stumble.constraints import Even, Kept, Sparsity
from stumble.errors import SpecError, TargetError
from stumble.interfaces import Goal, Output, SetPooled, SilhouetteInput, Target, Weights
from stumble.metrics.retrieval import EmbeddedSequences
from stumble.objectives import Cosine, Margin
from stumble.seeds import normal
from stumble.sequences import Silhouettes
from stumble.targets import Gallery, identifier

Leaving = Callable[[Silhouettes], Goal]
DIRECTION = normal(0, ("w",), "direction", (4, 3))[0]


class Linear:
    """Two people, apart by a linear function of the mean frame; answers with distances alone."""

    takes = SilhouetteInput(4, 3)

    def __init__(self, threshold: float = 0.0) -> None:
        self.threshold, self.asked = threshold, 0

    def __call__(self, batch: Silhouettes) -> Output:
        self.asked += len(batch)
        frames = batch.floating().unpadded()
        apart = torch.stack([(DIRECTION * x.mean(0)).sum() for x in frames]) - self.threshold
        return Output(logits=torch.stack([-apart, apart], 1))


@pytest.fixture
def known(target: SetPooled, walks: Silhouettes) -> Target:
    """The target with a gallery of the walkers and of one all white."""
    embeddings = torch.cat([target(walks).embedding, torch.ones(1, 1, 12)])  # type: ignore[list-item]
    people = ["000", "001", "002", "white"]
    return identifier(target, Gallery(EmbeddedSequences(embeddings, people, ["090"] * 4)))


def test_the_first_sequence_taken_for_another_person_ends_the_search(
    known: Target, prior: Weights, walks: Silhouettes
) -> None:
    goal = Goal("targeted", torch.arange(3), torch.tensor([3, 3, 3]))
    result = EvolvedLatents(prior, budget=Sparsity(frames=2), positions=Even())(known, walks, goal, seed=0)
    assert result.stopped == ("reached",) * 3 and bool((result.queries < 1000).all())
    judged = known(result.adversarial.quantised()).logits
    assert judged is not None and bool((goal.margin(judged) > 0).all())
    assert Kept().violation(result.adversarial, walks, result.edited).tolist() == [0, 0, 0]


def aim() -> Goal:
    return Goal("targeted", torch.tensor([0, 0]), torch.tensor([1, 1]))


@pytest.fixture
def two() -> Silhouettes:
    return Silhouettes(torch.zeros(2, 1, 4, 3), torch.tensor([1, 1]), ("a", "b"))


def optimum(prior: Weights) -> float:
    """The largest apart that a frame of the generator has: w . sigmoid(z) on the sphere, by ascent from many starts."""
    network = prior.load()
    latents = network.to_prior(torch.randn(64, 12, generator=torch.Generator().manual_seed(0)))
    for _ in range(500):
        latents = latents.detach().requires_grad_()
        (gradient,) = torch.autograd.grad((DIRECTION * network.generate(latents)).sum(), latents)
        latents = network.to_prior(latents.detach() + 0.2 * gradient)
    return float((DIRECTION * network.generate(latents)).sum((1, 2)).max())


def test_it_nears_the_known_optimum_where_random_search_with_as_many_queries_does_not(
    prior: Weights, two: Silhouettes
) -> None:
    best = optimum(prior)

    def reached(attack: EvolvedLatents | RandomLatents) -> Tensor:
        result = attack(Linear(), two, aim(), seed=4)
        assert result.queries.tolist() == [300, 300]
        return (DIRECTION * result.adversarial.frames[:, 0]).sum((1, 2))

    budget = Sparsity(frames=1)
    evolved = reached(EvolvedLatents(prior, budget=budget, queries=300, stop=None))
    drawn = reached(RandomLatents(prior, budget=budget, objective=Margin(), draws=300, plausibility=0.0))
    assert bool((best - evolved < 0.04).all()), (best, evolved)
    assert bool((best - drawn > 0.1).all()), (best, drawn)


def test_it_reaches_in_fewer_queries_what_random_search_may_never_reach(prior: Weights, two: Silhouettes) -> None:
    target = Linear(threshold=optimum(prior) - 0.1)
    result = EvolvedLatents(prior, budget=Sparsity(frames=1), queries=300)(target, two, aim(), seed=1)
    assert result.stopped == ("reached", "reached")
    drawn = RandomLatents(prior, budget=Sparsity(frames=1), objective=Margin(), draws=300, plausibility=0.0)
    missed = target(drawn(target, two, aim(), seed=1).adversarial).logits
    assert missed is not None and bool((aim().margin(missed) < 0).all())


def test_queries_are_counted_one_by_one_up_to_the_first_that_succeeds(prior: Weights, two: Silhouettes) -> None:
    threshold = optimum(prior) - 1.1
    attack = EvolvedLatents(prior, budget=Sparsity(frames=1), population=200, queries=200)
    result = attack(Linear(threshold), two, aim(), seed=0)
    assert result.stopped == ("reached", "reached") and result.queries[0] != result.queries[1]
    for row, count in enumerate(result.queries.tolist()):
        assert 1 < count < 200
        fewer = replace(attack, queries=count - 1)(Linear(threshold), two, aim(), seed=0)
        enough = replace(attack, queries=count)(Linear(threshold), two, aim(), seed=0)
        assert fewer.stopped[row] == "budget" and enough.stopped[row] == "reached"
        assert torch.equal(enough.adversarial.frames[row], result.adversarial.frames[row])
    frame = result.adversarial.frames[:, 0]
    assert torch.equal(frame, (frame * 255).round() / 255), "what was asked is what is stored"
    assert float((DIRECTION * frame).sum((1, 2)).min()) > threshold


def test_with_embeddings_alone_it_takes_all_queries(
    target: SetPooled, prior: Weights, walks: Silhouettes, untargeted: Leaving, similarity: Callable[..., Tensor]
) -> None:
    goal = untargeted(walks)
    attack = EvolvedLatents(prior, objective=Cosine(), queries=40, stop=None)
    result = attack(target, walks, goal, seed=0)
    assert result.queries.tolist() == [40] * 3 and result.stopped == ("budget",) * 3
    more = replace(attack, queries=400)(target, walks, goal, seed=0)
    assert bool((similarity(more.adversarial, goal) < similarity(result.adversarial, goal)).all())
    with pytest.raises(TargetError, match=r"without logits; .* targets\.identifier makes some"):
        EvolvedLatents(prior)(target, walks, goal, seed=0)


@pytest.mark.parametrize("edit", ["alter", "insert"])
def test_a_sample_does_not_depend_on_its_batch(edit: str, known: Target, prior: Weights, walks: Silhouettes) -> None:
    """Also where samples have different numbers of frames, and so of latents."""
    attack = EvolvedLatents(prior, edit, Sparsity(0.15), Even(), queries=60)  # type: ignore[arg-type]
    goal = Goal("targeted", torch.arange(3), torch.tensor([3, 3, 0]))
    together = attack(known, walks, goal, seed=5)
    assert together.edited.sum(1).tolist() == [2, 2, 2]
    order = [2, 0, 1]
    apart = attack(known, walks.select(order), goal.select(torch.tensor(order)), seed=5)
    assert apart.queries.tolist() == together.queries[order].tolist()
    for place, row in enumerate(order):
        assert torch.equal(apart.adversarial.unpadded()[place], together.adversarial.unpadded()[row])


def test_the_target_is_asked_about_many_sequences_at_once(prior: Weights, two: Silhouettes) -> None:
    calls: list[int] = []

    class Counting(Linear):
        def __call__(self, batch: Silhouettes) -> Output:
            calls.append(len(batch))
            return super().__call__(batch)

    EvolvedLatents(prior, budget=Sparsity(frames=1), queries=25, population=10, stop=None)(
        Counting(), two, aim(), seed=0
    )
    assert calls == [20, 20, 10]


def test_impossible_budgets_are_refused(prior: Weights, two: Silhouettes) -> None:
    with pytest.raises(SpecError, match=r"population is 13; expected at most 12, the dimensions .* or all 14 queries"):
        EvolvedLatents(prior, budget=Sparsity(frames=1), queries=14, population=13)(Linear(), two, aim(), seed=0)
    with pytest.raises(SpecError, match="queries is 0; expected at least 1"):
        EvolvedLatents(prior, queries=0)
    with pytest.raises(SpecError, match="population is 1; expected at least 2"):
        EvolvedLatents(prior, population=1)
