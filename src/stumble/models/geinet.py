"""GEINet (Shiraga et al., ICB 2016): two convolutions and two linear maps on a gait energy image."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from stumble.models.energy_image import OnEnergyImages

__all__ = ["GEINet", "hidden_inputs"]

HIDDEN = 1024
FILTERS = (18, 45)


class GEINet(OnEnergyImages):
    """GEINet: the mean silhouette to one part of 1024 dimensions.

    Convolutions of 18 filters 7x7 and 45 filters 5x5, without padding; behind each a rectifier, a maximum (2x2, then
    3x3, both of stride 2) and a normalisation across 5 neighbouring channels; a hidden layer of 1024 and one output
    per person trained on. What is compared is the hidden layer: the people to be recognised are others than those
    the outputs stand for.

    The paper's images have 128x88 pixels. Silhouettes of 64x44 hold no more when they are enlarged to that, and then
    the hidden layer has 23 million weights instead of 4. Weights are named as the paper names its layers.

    Args:
        classes: people trained on.
        enlarge: by how much the image is enlarged first: 2 is the paper's size.
    """

    def __init__(self, classes: int, enlarge: int = 1) -> None:
        super().__init__()
        self.enlarge = enlarge
        self.conv1, self.conv2 = nn.Conv2d(1, FILTERS[0], 7), nn.Conv2d(*FILTERS, 5)
        self.fc3 = nn.Linear(hidden_inputs(enlarge), HIDDEN)
        self.fc4 = nn.Linear(HIDDEN, classes)
        for layer in (self.conv1, self.conv2, self.fc3, self.fc4):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def embed(self, images: Float[Tensor, "b 64 44"]) -> Float[Tensor, "b 1 1024"]:
        x = images[:, None]
        if self.enlarge != 1:
            x = functional.interpolate(x, scale_factor=self.enlarge, mode="bilinear", align_corners=False)
        x = functional.local_response_norm(functional.max_pool2d(functional.relu(self.conv1(x)), 2), 5)
        x = functional.local_response_norm(functional.max_pool2d(functional.relu(self.conv2(x)), 3, 2), 5)
        return functional.relu(self.fc3(x.flatten(1)))[:, None]

    def classify(self, embedding: Float[Tensor, "b 1 1024"]) -> Float[Tensor, "b classes"]:
        """A logit for each person trained on."""
        scores: Tensor = self.fc4(functional.dropout(embedding[:, 0], 0.5, self.training))
        return scores


def hidden_inputs(enlarge: int) -> int:
    """Numbers that both convolutions leave of an image of 64x44 enlarged so much."""

    def left(pixels: int) -> int:
        return ((pixels - 6) // 2 - 4 - 3) // 2 + 1

    return FILTERS[1] * left(64 * enlarge) * left(44 * enlarge)
