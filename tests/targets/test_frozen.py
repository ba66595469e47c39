from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest
import torch
from torch import nn

from stumble.targets.frozen import frozen, on_frozen


def test_a_network_rests_and_is_as_it_was_afterwards() -> None:
    net = network()
    with frozen(net):
        assert not any(part.training for part in net.modules())
        assert not any(parameter.requires_grad for parameter in net.parameters())
        x = torch.ones(2, 3, requires_grad=True)
        net(x).sum().backward()
        assert x.grad is not None
    assert [part.training for part in net.modules()] == [True, True, False, True]
    assert [parameter.requires_grad for parameter in net.parameters()] == [False, True, True, True]
    assert all(parameter.grad is None for parameter in net.parameters())


def network() -> nn.Module:
    """Partly in training mode, partly frozen."""
    net = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Dropout())
    net[1].eval()
    net[0].weight.requires_grad_(False)
    return net


def test_it_is_as_it_was_after_an_error_too() -> None:
    net = network()
    with pytest.raises(KeyboardInterrupt), frozen(net):
        raise KeyboardInterrupt
    assert net.training
    assert net[1].weight.requires_grad


def test_a_network_is_found_inside_a_dataclass() -> None:
    @dataclass(frozen=True)
    class Around:
        inner: object
        name: str = "around"

    net = network()
    with frozen(Around(Around(net))):
        assert not net.training
    assert net.training


def test_what_holds_no_network_is_left_alone() -> None:
    with frozen(lambda batch: batch):
        pass


def test_an_attack_runs_on_a_frozen_target() -> None:
    @dataclass(frozen=True)
    class Attack:
        bias: float

        @on_frozen
        def __call__(self, target: nn.Module, x: torch.Tensor, *, seed: int) -> tuple[bool, torch.Tensor, int]:
            """Documented."""
            return target.training, target(x) + self.bias, seed

    net = network()
    training, _, seed = Attack(1.0)(net, torch.ones(1, 3), seed=5)
    assert (training, seed, net.training) == (False, 5, True)
    assert Attack.__call__.__doc__ == "Documented."


class Plain:
    """No dataclass, and no network itself."""

    def __init__(self, net: object) -> None:
        self.net = net

    def answer(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Slim:
    net: object


def by_default(net: nn.Module) -> Callable[[], object]:
    def answer(own: nn.Module = net) -> object:
        return unset if own.training else own

    if net is None:
        unset = 0
    return answer


class Unregistered(nn.Module):
    """Keeps a network where torch does not look for it."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.nets = [net]


def closing_over(net: nn.Module) -> Callable[[torch.Tensor], torch.Tensor]:
    return lambda batch: net(batch)


@pytest.mark.parametrize(
    "around",
    [
        lambda net: (net, "beside it"),
        lambda net: {"student": [net]},
        Plain,
        lambda net: Plain({"inner": Slim((net,))}),
        lambda net: Plain(net).answer,
        lambda net: partial(print, net),
        lambda net: partial(print, end=net),
        closing_over,
        by_default,
        Unregistered,
    ],
    ids=[
        *("tuple", "list in a dict", "class", "slots", "bound", "partial", "keyword of a partial", "closure"),
        *("default", "list in a network"),
    ],
)
def test_networks_are_found_wherever_they_are_held(around: Callable[[nn.Module], object]) -> None:
    net = network()
    target = around(net)
    with frozen(target):
        assert not any(part.training for part in net.modules())
    assert net.training


def test_what_holds_itself_is_gone_through_once() -> None:
    target = Plain(network())
    target.own = target  # type: ignore[attr-defined]
    with frozen(target):
        assert not target.net.training  # type: ignore[attr-defined]
