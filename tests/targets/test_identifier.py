from __future__ import annotations

import pytest
import torch

from stumble.errors import TargetError
from stumble.interfaces import FrameSeparable, Output, SetPooled, SilhouetteInput
from stumble.metrics.retrieval import EmbeddedSequences
from stumble.models import GaitSet
from stumble.sequences import Silhouettes
from stumble.targets import Gallery, identifier
from stumble.testing import check_target


def test_a_logit_for_each_person_of_the_gallery() -> None:
    target = identifier(Means(), gallery())
    logits = target(walkers(0.2, 0.9)).logits
    assert logits is not None
    assert [target.gallery.identities[k] for k in logits.argmax(1).tolist()] == ["dark", "bright"]
    torch.testing.assert_close(logits, torch.tensor([[-0.8, -0.1], [-0.1, -0.6]]))  # bright 1.0, dark 0.1 and 0.3


class Means:
    """Embeds a sequence as its mean brightness."""

    takes = SilhouetteInput(4, 3)

    def __call__(self, batch: Silhouettes) -> Output:
        return Output(embedding=batch.floating().frames.mean((1, 2, 3))[:, None, None])


def gallery() -> Gallery:
    levels = torch.tensor([0.1, 0.3, 1.0])[:, None, None]
    return Gallery(EmbeddedSequences(levels, ["dark", "dark", "bright"], ["090", "000", "090"]))


def walkers(*levels: float) -> Silhouettes:
    frames = torch.tensor(levels)[:, None, None, None].expand(-1, 5, 4, 3).clone()
    return Silhouettes(frames, torch.full((len(levels),), 5), tuple(str(level) for level in levels))


@pytest.fixture
def enrolled() -> Gallery:
    torch.manual_seed(0)
    return Gallery(EmbeddedSequences(torch.rand(3, 62, 256), ["a", "b", "c"], ["090"] * 3))


def test_what_the_target_can_do_with_frames_the_identifier_can(enrolled: Gallery) -> None:
    network = GaitSet().eval()
    assert isinstance(identifier(network, enrolled), SetPooled)
    assert not isinstance(identifier(Means(), gallery()), FrameSeparable)
    batch = Silhouettes(torch.rand(2, 5, 64, 44), torch.tensor([5, 3]), ("a", "b"))
    check_target(identifier(network, enrolled), batch)


def test_a_target_without_embedding_is_refused() -> None:
    class Silent(Means):
        def __call__(self, batch: Silhouettes) -> Output:
            return Output(logits=batch.floating().frames.mean((2, 3)))

    with pytest.raises(TargetError, match="Silent answers with no embedding"):
        identifier(Silent(), gallery())(walkers(0.5))
