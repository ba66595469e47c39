"""Gait recognisers from checkpoints, ours and their authors': sizes follow from the tensors, all keys must agree."""

from __future__ import annotations

from pathlib import Path

from stumble.errors import WeightsError
from stumble.models.checkpoints import check_state, read_state, some
from stumble.models.gaitbase import GaitBase

__all__ = ["load_gaitbase"]


def load_gaitbase(path: Path) -> GaitBase:
    """GaitBase from a checkpoint of OpenGait or of ours, which name weights alike; in inference mode and float32.

    Strides are not in a checkpoint: 1, 2, 2, 1 and no pooling, as in all of OpenGait's configurations of GaitBase.

    Raises:
        WeightsError: the file is no such checkpoint, such as one of OpenGait's other backbones.
    """
    state = read_state(path)
    widths = []
    for stage in range(1, 5):
        names = (f"Backbone.forward_block.layer{stage}.{block}.conv2.weight" for block in range(len(state)))
        found = [state[name] for name in names if name in state]
        widths.append([weight.shape[0] for weight in found if weight.ndim == 4])
    classifier = state.get("BNNecks.fc_bin")
    if not all(widths) or classifier is None or classifier.ndim != 3:
        raise WeightsError(
            f"{path}: found the keys {some(state)}; expected GaitBase's: Backbone.forward_block.layer1 to layer4 of "
            "residual blocks, FCs and BNNecks"
        )
    network = GaitBase(classifier.shape[2], [width[0] for width in widths], [len(width) for width in widths])
    check_state(state, network.state_dict(), path)
    network.load_state_dict(state)
    return network.eval()
