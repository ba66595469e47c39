from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import torch
from torch import nn

from stumble import zoo
from stumble.errors import WeightsError
from stumble.interfaces import Weights
from stumble.layouts import OPENPOSE18
from stumble.models import AGCN, PALSTM, STGCN
from stumble.models.checkpoints import export_gaitset
from stumble.models.energy_image import GEI
from stumble.models.gaitbase import GaitBase
from stumble.models.gaitgan import GaitGAN
from stumble.models.gaitset import GaitSet
from stumble.models.geinet import GEINet
from stumble.models.recogniser import ActionRecogniser
from stumble.models.selfgait import SelfGait
from stumble.models.wgan_gp import SilhouetteGAN
from stumble.preprocess import PartAware, Recipe, StGcn, TwoStream

CARD = zoo.Card(data="random", command="none", seed=0, metrics={"rank-1 NM": 12.5})


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A zoo with one small network."""
    monkeypatch.setattr("stumble.zoo.weights.SHIPPED", tmp_path)
    torch.manual_seed(0)
    zoo.save(SilhouetteGAN(width=4), tmp_path / "small.safetensors", CARD)
    return tmp_path


def test_shipped_weights_are_loaded_by_name(shipped: Path) -> None:
    assert zoo.names() == ("small",)
    network = zoo.Shipped("small").load()
    assert isinstance(network, SilhouetteGAN) and network.width == 4
    assert not network.training and not any(p.requires_grad for p in network.parameters())


def test_the_card_says_what_was_stored(shipped: Path) -> None:
    weights = zoo.Shipped("small")
    assert isinstance(weights, Weights)
    assert weights.digest == hashlib.sha256((shipped / "small.safetensors").read_bytes()).hexdigest()
    assert (weights.card.architecture, weights.card.digest) == ("wgan-gp", weights.digest)
    assert weights.card.parameters == sum(p.numel() for p in SilhouetteGAN(width=4).parameters())
    assert weights.card.metrics == {"rank-1 NM": 12.5}


@pytest.mark.parametrize("half", [True, False])
def test_saving_and_loading_gives_the_same_numbers(half: bool, tmp_path: Path) -> None:
    network = GaitSet()
    path = tmp_path / "new folder" / "gaitset.safetensors"
    zoo.save(network, path, CARD, half=half)
    assert path.stat().st_size < (2 if half else 4) * 2_594_592 + 4096
    for name, value in zoo.File(path).load().state_dict().items():
        expected = network.state_dict()[name]
        assert torch.equal(value, expected.half().float() if half else expected), name


def test_calibration_keeps_its_precision(tmp_path: Path) -> None:
    network = SilhouetteGAN(width=4)
    network.offset.fill_(-44.4321)
    zoo.save(network, tmp_path / "gan.safetensors", CARD)
    loaded = zoo.File(tmp_path / "gan.safetensors", "wgan-gp").load()
    assert torch.equal(loaded.get_buffer("offset"), network.offset)


@pytest.mark.parametrize(
    ("architecture", "kind", "recipe", "default"),
    [
        ("stgcn", STGCN, StGcn(64, 1), StGcn()),
        ("agcn", AGCN, TwoStream("bone", 64, 1), TwoStream("joint", people=1)),
        ("pa-lstm", PALSTM, StGcn(64, 1), PartAware(people=1)),
    ],
)
def test_a_network_of_actions_comes_back_with_its_classes_layout_and_recipe(
    architecture: zoo.Architecture, kind: type[ActionRecogniser], recipe: Recipe, default: Recipe, tmp_path: Path
) -> None:
    network = kind(("stoop", "fall"), OPENPOSE18, recipe)
    kept = {name for name, _ in network.named_buffers()} & network.state_dict().keys()
    for name in kept:
        if name.endswith("running_var"):
            network.get_buffer(name).fill_(1e-7)
    card = zoo.save(network, tmp_path / "actions.safetensors", CARD)
    assert card == zoo.Card.read(tmp_path / "actions.json") and card.architecture == architecture
    assert (tmp_path / "actions.safetensors").stat().st_size < 12 * 2**20
    loaded = zoo.File(tmp_path / "actions.safetensors", architecture).load()
    assert isinstance(loaded, kind)
    assert (loaded.classes, loaded.layout, loaded.recipe) == (network.classes, OPENPOSE18, recipe)
    assert all(torch.equal(loaded.state_dict()[name], network.state_dict()[name]) for name in kept)
    (tmp_path / "actions.json").unlink()
    bare = zoo.File(tmp_path / "actions.safetensors", architecture).load()
    assert isinstance(bare, kind) and (bare.classes, bare.recipe) == (("class 1", "class 2"), default)


def test_what_rebuilds_a_network_beside_its_numbers_is_in_the_digest(tmp_path: Path) -> None:
    """Another recipe gives other answers of the same numbers."""
    file = zoo.File(tmp_path / "actions.safetensors")
    zoo.save(STGCN(classes=("a", "b"), layout=OPENPOSE18), file.path, CARD)
    kept, card = file.digest, file.path.with_suffix(".json")
    assert kept != hashlib.sha256(file.path.read_bytes()).hexdigest()
    card.write_text(card.read_text().replace('"a"', '"c"'))
    assert file.digest != kept


def test_several_are_named_by_all_their_digests(shipped: Path, tmp_path: Path) -> None:
    zoo.save(GaitSet(), tmp_path / "gaitset.safetensors", CARD)
    one, two = zoo.Shipped("small"), zoo.File(tmp_path / "gaitset.safetensors")
    both = zoo.Several((one, two))
    assert [type(network) for network in both.load()] == [SilhouetteGAN, GaitSet]
    assert both.digest == hashlib.sha256(f"{one.digest} {two.digest}".encode()).hexdigest()
    assert both.digest != zoo.Several((two, one)).digest


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"classes": None}, "found the classes None; expected a list of names"),
        ({"classes": ["a"]}, "found 2 classes; expected 1"),
        ({"recipe": None}, "found no usable recipe: Recipe: found NoneType None"),
        ({"recipe": {"class_path": "stumble.preprocess.st_gcn.StGcm"}}, "no such component; did you mean 'StGcn'"),
        ({"recipe": {"class_path": "stumble.zoo.card.Card"}}, "is no Recipe"),
        ({"layout": "openpose-18"}, "found the layout 'openpose-18'; expected 'ntu-25', the weights' own"),
    ],
)
def test_settings_that_do_not_fit_are_named(change: dict[str, object], message: str, tmp_path: Path) -> None:
    zoo.save(STGCN(("stoop", "fall")), tmp_path / "actions.safetensors", CARD)
    beside = tmp_path / "actions.json"
    content = json.loads(beside.read_text())
    beside.write_text(json.dumps({**content, "settings": {**content["settings"], **change}}))
    with pytest.raises(WeightsError, match=message) as caught:
        zoo.File(tmp_path / "actions.safetensors", "stgcn").load()
    assert str(tmp_path / "actions") in str(caught.value)


def test_a_card_written_before_there_were_settings_is_read(shipped: Path) -> None:
    content = json.loads((shipped / "small.json").read_text())
    del content["settings"]
    (shipped / "small.json").write_text(json.dumps(content))
    assert zoo.Shipped("small").card.settings == {}
    assert isinstance(zoo.Shipped("small").load(), SilhouetteGAN)


def test_whose_weights_a_file_holds_follows_from_its_tensors(tmp_path: Path) -> None:
    recognisers = (GaitSet(), GaitBase(2, (4, 4, 4, 4)), GEINet(3), GaitGAN(2), SelfGait())
    actions = (kind(("stoop", "fall")) for kind in (STGCN, AGCN, PALSTM))
    for network in (*recognisers, SilhouetteGAN(width=4), *actions):
        zoo.save(network, tmp_path / "any.safetensors", CARD)
        loaded = zoo.File(tmp_path / "any.safetensors").load()
        assert type(loaded) is type(network)
        for name, value in network.named_parameters():
            assert torch.equal(value.half().float(), loaded.get_parameter(name)), name
    torch.save({"model": export_gaitset(GaitSet(), "opengait")["model"]}, tmp_path / "theirs.pt")
    assert isinstance(zoo.File(tmp_path / "theirs.pt").load(), GaitSet)
    torch.save({"Backbone.forward_block.feature.0.weight": torch.ones(1)}, tmp_path / "nobodys.pt")
    with pytest.raises(WeightsError, match=r"nobodys\.pt: found the keys Backbone.*expected weights of"):
        zoo.File(tmp_path / "nobodys.pt").load()


def test_energy_images_need_no_weights() -> None:
    weights = zoo.EnergyImages()
    assert isinstance(weights, Weights) and isinstance(weights.load(), GEI) and len(weights.digest) == 64


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"fc4.weight": torch.ones(1)}, "found the keys fc4.weight; expected GEINet's"),
        ({"fc3.weight": torch.ones(1024, 7), "fc4.weight": torch.ones(2, 1024)}, "of 7 inputs; expected 3780 or 22680"),
        ({"decoder.0.weight": torch.ones(1)}, "found the keys decoder.0.weight; expected GaitGAN's generator's"),
        ({**GaitGAN(2).state_dict(), "more": torch.ones(1)}, "found unexpected more; expected exactly the network's"),
    ],
)
def test_files_that_almost_are_one_of_ours_are_named(
    state: dict[str, torch.Tensor], message: str, tmp_path: Path
) -> None:
    torch.save(state, tmp_path / "almost.pt")
    with pytest.raises(WeightsError, match=message):
        zoo.File(tmp_path / "almost.pt").load()


def test_a_users_checkpoint_in_another_layout(tmp_path: Path) -> None:
    network = GaitSet()
    torch.save(export_gaitset(network, "opengait"), tmp_path / "GaitSet-80000.pt")
    loaded = zoo.File(tmp_path / "GaitSet-80000.pt", "gaitset").load()
    assert torch.equal(loaded.get_parameter("parts"), network.parts)


def test_a_changed_file_is_refused(shipped: Path) -> None:
    path = shipped / "small.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(WeightsError, match=r"small\.safetensors: found SHA-256 .*; its card expects"):
        zoo.Shipped("small").load()


def test_unknown_names_and_missing_files_are_named(shipped: Path) -> None:
    with pytest.raises(WeightsError, match="large: found no such shipped weights; expected one of small"):
        zoo.Shipped("large").load()
    (shipped / "small.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"small\.safetensors: found no readable file"):
        zoo.Shipped("small").load()


@pytest.mark.parametrize("card", ["{", "[]", '{"data": "x", "extra": 1}'])
def test_a_damaged_card_is_named(card: str, shipped: Path) -> None:
    (shipped / "small.json").write_text(card)
    with pytest.raises(WeightsError, match=r"small\.json: found"):
        zoo.Shipped("small").load()


def test_nan_is_neither_saved_nor_loaded(tmp_path: Path) -> None:
    network = SilhouetteGAN(width=4)
    zoo.save(network, tmp_path / "gan.safetensors", CARD)
    before = (tmp_path / "gan.safetensors").read_bytes()
    with torch.no_grad():
        network.scorer.first.bias[0] = torch.nan
    with pytest.raises(WeightsError, match=r"scorer\.first\.bias that are NaN.*nothing was written"):
        zoo.save(network, tmp_path / "gan.safetensors", CARD)
    assert (tmp_path / "gan.safetensors").read_bytes() == before
    torch.save(network.state_dict(), tmp_path / "gan.pt")
    with pytest.raises(WeightsError, match=r"gan\.pt: found 1 numbers in scorer\.first\.bias"):
        zoo.File(tmp_path / "gan.pt", "wgan-gp").load()


def test_the_wrong_architecture_is_named(shipped: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="expected GaitSet's"):
        zoo.File(shipped / "small.safetensors", "gaitset").load()
    zoo.save(GaitSet(), tmp_path / "gaitset.safetensors", CARD)
    with pytest.raises(WeightsError, match="expected a silhouette generator's"):
        zoo.File(tmp_path / "gaitset.safetensors", "wgan-gp").load()
    with pytest.raises(WeightsError, match=r"found a Linear to save; expected one of GaitSet, GaitBase"):
        zoo.save(nn.Linear(1, 1), tmp_path / "linear.safetensors", CARD)


@pytest.mark.parametrize("name", zoo.names())
def test_everything_that_is_shipped_loads(name: str) -> None:
    assert sum(p.numel() for p in zoo.Shipped(name).load().parameters()) == zoo.Shipped(name).card.parameters


def test_what_is_shipped_stays_small() -> None:
    sizes = [zoo.Shipped(name).path.stat().st_size for name in zoo.names()]
    assert max(sizes) < 12e6 and sum(sizes) < 60e6
