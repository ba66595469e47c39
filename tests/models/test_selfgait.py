from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from stumble.errors import TargetError, WeightsError
from stumble.interfaces import FrameSeparable, SetPooled
from stumble.models import SelfGait
from stumble.models.gait_checkpoints import load_selfgait
from stumble.sequences import Silhouettes
from stumble.zoo import File

CHANNELS = (1, 32, 32, 64, 64, 128, 128)


def walks(lengths: list[int]) -> Silhouettes:
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(sum(lengths), 1, 8, 6, generator=generator)
    frames = (functional.interpolate(coarse, (64, 44), mode="bilinear")[:, 0] > 0.6).float()
    return Silhouettes.pad(frames.split(lengths), [str(i) for i in range(len(lengths))])


def authors_checkpoint() -> dict[str, Any]:
    """What the authors' training saves, with random numbers: a state for each network, behind data parallelism."""
    generator = torch.Generator().manual_seed(1)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator) / (shape[0] if len(shape) == 1 else shape[1]) ** 0.5

    online = {
        f"module.set_layer{k}.forward_block.conv.weight": drawn(CHANNELS[k], CHANNELS[k - 1], n, n) / n
        for k, n in zip(range(1, 7), (5, 3, 3, 3, 3, 3), strict=True)
    }
    online["module.fc_bin"] = drawn(31, 256, 128)
    trans = {}
    for number, size in ((1, 1), (2, 3)):
        for part in range(31):
            name = f"module.conv_list_{number}.{part}"
            trans[f"{name}.0.weight"], trans[f"{name}.0.bias"] = drawn(32, 128, 3), drawn(32)
            trans[f"{name}.2.weight"], trans[f"{name}.2.bias"] = drawn(128, 32, size), drawn(128)
    head = {"module.net.0.weight": drawn(256, 128, 1), "module.net.1.num_batches_tracked": torch.tensor(3)}
    return {
        "online_network_state_dict": online,
        "target_network_state_dict": dict(online),
        "conv_trans_state_dict": trans,
        "TP_1_state_dict": {"module.fc_bin": drawn(31, 128, 128)},
        "TP_2_state_dict": {"module.fc_bin": drawn(31, 128, 128)},
        "projection_1_state_dict": head,
        "projection_2_state_dict": head,
        "predictor_state_dict": head,
        "optimizer_state_dict": {"state": {0: {"momentum_buffer": drawn(2, 2)}}, "param_groups": [{"lr": 0.03}]},
    }


def slow_embedding(content: dict[str, Any], frames: Tensor) -> Tensor:
    """(31, 128) of one sequence: frame by frame, strip by strip, moment by moment."""
    online, trans = content["online_network_state_dict"], content["conv_trans_state_dict"]
    strips: list[list[Tensor]] = []
    for frame in frames:
        x = frame[None, None]
        for k in range(1, 7):
            weight = online[f"module.set_layer{k}.forward_block.conv.weight"]
            x = functional.leaky_relu(functional.conv2d(x, weight, padding=weight.shape[-1] // 2), 0.01)
            x = functional.max_pool2d(x, 2) if k in (2, 4) else x
        strips.append([s.mean((2, 3))[0] + s.amax((2, 3))[0] for n in (1, 2, 4, 8, 16) for s in x.chunk(n, dim=2)])
    rows = []
    for part in range(31):
        own = [moment[part] for moment in strips]
        motion = []
        gates = [slow_gate(trans, f"module.conv_list_{number}.{part}", own) for number in (1, 2)]
        for t in range(len(own)):
            total = torch.zeros(128)
            for gate, reach in zip(gates, (1, 2), strict=True):
                near = own[max(0, t - reach) : t + reach + 1]
                total += gate[t] * (torch.stack(near).amax(0) + sum(near) / (2 * reach + 1))
            motion.append(total)
        rows.append(torch.stack(motion).amax(0) @ content["TP_1_state_dict"]["module.fc_bin"][part])
    return torch.stack(rows)


def slow_gate(trans: dict[str, Tensor], name: str, x: list[Tensor]) -> list[Tensor]:
    for place in (0, 2):
        weight, bias = trans[f"{name}.{place}.weight"], trans[f"{name}.{place}.bias"]
        reach = weight.shape[2] // 2
        y = []
        for t in range(len(x)):
            total = bias.clone()
            for k in range(weight.shape[2]):
                if 0 <= t + k - reach < len(x):
                    total = total + weight[:, :, k] @ x[t + k - reach]
            y.append(total.relu() if place == 0 else total.sigmoid())
        x = y
    return x


def test_loads_a_checkpoint_of_the_authors_and_embeds(tmp_path: Path) -> None:
    content = authors_checkpoint()
    torch.save(content, tmp_path / "model_9000.pth")
    network = File(tmp_path / "model_9000.pth").load()
    assert isinstance(network, SelfGait)
    assert isinstance(network, FrameSeparable) and not isinstance(network, SetPooled)
    batch = walks([4, 1, 6])
    embedding = network(batch).embedding
    assert embedding.shape == (3, 31, 128)
    for row, frames in zip(embedding, batch.unpadded(), strict=True):
        torch.testing.assert_close(row, slow_embedding(content, frames), rtol=1e-5, atol=1e-5)


def test_the_order_of_frames_matters(tmp_path: Path) -> None:
    torch.save(authors_checkpoint(), tmp_path / "model_9000.pth")
    network, batch = load_selfgait(tmp_path / "model_9000.pth"), walks([5])
    backwards = Silhouettes.pad([batch.frames[0].flip(0)], ["a"])
    difference = network(batch).embedding - network(backwards).embedding
    assert difference.norm() > 0.01 * network(batch).embedding.norm()


def broken(content: dict[str, Any], case: str) -> dict[str, Any]:
    match case:
        case "missing":
            del content["conv_trans_state_dict"]["module.conv_list_2.30.2.bias"]
        case "unexpected":
            content["TP_1_state_dict"]["module.norm"] = torch.ones(1)
        case "shape":
            content["TP_1_state_dict"]["module.fc_bin"] = torch.zeros(31, 128, 256)
        case "nan":
            content["conv_trans_state_dict"]["module.conv_list_1.7.0.weight"][1, 2, 0] = torch.nan
        case "other":
            return {"frame_layers.0.weight": torch.ones(1)}
    return content


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("missing", r"found no conv_trans\.conv_list_2\.30\.2\.bias; expected exactly the network's 256 keys"),
        ("unexpected", r"found unexpected TP_1\.norm"),
        ("shape", r"found TP_1\.fc_bin of shape \(31, 128, 256\); expected \(31, 128, 128\)"),
        ("nan", r"found 1 numbers in conv_trans\.conv_list_1\.7\.0\.weight that are NaN"),
        ("other", r"found no frame_layers\.1\.weight"),
    ],
)
def test_what_is_wrong_is_named(case: str, message: str, tmp_path: Path) -> None:
    torch.save(broken(authors_checkpoint(), case), tmp_path / "bad.pth")
    with pytest.raises(WeightsError, match=message) as caught:
        load_selfgait(tmp_path / "bad.pth")
    assert str(caught.value).startswith(f"{tmp_path}/bad.pth: ") and "\n" not in str(caught.value)


def test_another_frame_size_is_named() -> None:
    with pytest.raises(TargetError, match="64x44; the data has 64x64"):
        SelfGait()(Silhouettes.pad([torch.zeros(2, 64, 64)], ["a"]))
