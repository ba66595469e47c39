from __future__ import annotations

import pytest
import torch

from stumble.interfaces import SilhouettePrior
from stumble.models.wgan_gp import SilhouetteGAN, on_sphere


@pytest.fixture(scope="module")
def prior() -> SilhouetteGAN:
    torch.manual_seed(0)
    return SilhouetteGAN(width=4).double().eval()


def test_generates_and_scores(prior: SilhouetteGAN) -> None:
    frames = prior.generate(on_sphere(torch.randn(3, 128, dtype=torch.float64)))
    assert frames.shape == (3, 64, 44) and frames.min() >= 0 and frames.max() <= 1
    assert prior.critic(frames).shape == (3,)


def test_is_a_silhouette_prior(prior: SilhouetteGAN) -> None:
    assert isinstance(prior, SilhouettePrior) and prior.latent_dim == 128


def test_frames_do_not_depend_on_their_batch(prior: SilhouetteGAN) -> None:
    z = torch.randn(3, 128, dtype=torch.float64)
    frames = prior.generate(z)
    alone = torch.cat([prior.generate(row[None]) for row in z])
    torch.testing.assert_close(frames, alone, rtol=1e-10, atol=1e-12)
    scores = torch.cat([prior.critic(f[None]) for f in frames])
    torch.testing.assert_close(prior.critic(frames), scores, rtol=1e-10, atol=1e-12)


def test_latents_are_evaluated_where_they_are(prior: SilhouetteGAN) -> None:
    z = torch.randn(1, 128, dtype=torch.float64)
    assert not torch.equal(prior.generate(z), prior.generate(2 * z))


def test_the_sphere_has_radius_sqrt_v() -> None:
    norms = on_sphere(torch.randn(5, 128)).norm(dim=1)
    torch.testing.assert_close(norms, torch.full((5,), 128**0.5))


def test_to_prior_puts_latents_on_that_sphere_by_the_shortest_way(prior: SilhouetteGAN) -> None:
    z = torch.randn(5, 128, dtype=torch.float64)
    there = prior.to_prior(z)
    torch.testing.assert_close(there, on_sphere(z))
    torch.testing.assert_close(there / there.norm(dim=1, keepdim=True), z / z.norm(dim=1, keepdim=True))


def test_gradients_reach_the_latents_through_the_critic(prior: SilhouetteGAN) -> None:
    z = torch.randn(2, 128, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: prior.critic(prior.generate(x)), z, fast_mode=True)


def test_plausibility_is_an_affine_map_of_the_score(prior: SilhouetteGAN) -> None:
    frames = torch.rand(2, 64, 44, dtype=torch.float64)
    score = prior.critic(frames)
    prior.scale.fill_(2)
    prior.offset.fill_(-3)
    torch.testing.assert_close(prior.plausibility_logit(frames), 2 * score - 3)


def test_every_pixel_is_seen_by_the_critic(prior: SilhouetteGAN) -> None:
    frames = torch.rand(1, 64, 44, dtype=torch.float64, requires_grad=True)
    prior.critic(frames).sum().backward()
    assert (frames.grad != 0).all()
