"""scikit-learn, interchange with other tools, and studies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT

import gncn
from gncn import interchange

sklearn = pytest.importorskip("sklearn")


def test_the_estimator_checks() -> None:
    from sklearn.utils.estimator_checks import check_estimator

    from gncn.encoder import GncnEncoder

    check_estimator(GncnEncoder(n_components=3, steps=10, epochs=2))


def test_a_pipeline() -> None:
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    from gncn.encoder import GncnEncoder

    data = load_digits()
    train, test = (data.data[:1000], data.target[:1000]), (data.data[1000:1400], data.target[1000:1400])
    encoder = GncnEncoder(24, epochs=15, random_state=0)
    before = GncnEncoder(24, epochs=0, random_state=0).fit(train[0]).score(test[0])
    pipeline = make_pipeline(encoder, LogisticRegression(max_iter=2000)).fit(*train)
    assert pipeline.score(*test) > 0.8
    assert encoder.score(test[0]) > max(0.5, before + 0.2)
    deep = GncnEncoder(10, hidden=[20], epochs=3, random_state=0).fit(train[0])
    assert deep.inverse_transform(deep.transform(test[0])).shape == test[0].shape
    assert list(deep.get_feature_names_out()[:2]) == ["gncnencoder0", "gncnencoder1"]
    with pytest.raises(gncn.RequestError, match="a layer of 0 neurons"):
        GncnEncoder(0).fit(train[0])


def chain(feedback: str) -> gncn.Circuit:
    return gncn.Circuit.from_ron(
        '(name: "chain", layers: {"z0": (size: 5, sense: "x"), "z1": (size: 4, beta: 0.1), "z2": (size: 3, beta: 0.1)},'
        f' projections: [(from: "z1", to: "z0", feedback: {feedback}), (from: "z2", to: "z1", feedback: {feedback})])'
    )


@pytest.mark.parametrize("layout", interchange.LAYOUTS)
def test_weights_go_to_other_tools_and_back(layout: str) -> None:
    learned = layout.startswith("ngc-learn")
    circuit = chain("Learned(rate: 1.0)" if learned else "Transposed")
    weights = gncn.Network(circuit, 3).weights
    exported = interchange.export_weights(circuit, weights, layout)
    back = interchange.import_weights(circuit, exported, layout)
    assert back.keys() == weights.keys()
    for name, tensor in weights.items():
        np.testing.assert_array_equal(tensor, back[name])
    expected = {
        "ngc-learn": {"W1": (4, 5), "W2": (3, 4), "E1": (5, 4), "E2": (4, 3)},
        "ngc-learn-legacy": {
            "A_z1-to-mu0_dense": (4, 5),
            "A_z2-to-mu1_dense": (3, 4),
            "A_e0-to-z1_dense": (5, 4),
            "A_e1-to-z2_dense": (4, 3),
        },
        "pcx": {".layers[0].nn.weight": (4, 3), ".layers[1].nn.weight": (5, 4)},
        "jpc": {"[0].layers[1].weight": (4, 3), "[1].layers[1].weight": (5, 4)},
    }
    assert {name: tensor.shape for name, tensor in exported.items()} == expected[layout]


@pytest.mark.parametrize("layout", interchange.LAYOUTS)
def test_biases_go_along(layout: str) -> None:
    circuit = gncn.Circuit.from_ron(
        '(name: "biased", layers: {"z0": (size: 5, sense: "x", bias: Learned), "z1": (size: 4, beta: 0.1)},'
        ' projections: [(from: "z1", to: "z0", feedback: Transposed)])'
    )
    weights = gncn.Network(circuit, 3).weights
    weights["z0.bias"] += np.arange(5, dtype=np.float32)
    exported = interchange.export_weights(circuit, weights, layout)
    assert len(exported) == 2
    back = interchange.import_weights(circuit, exported, layout)
    np.testing.assert_array_equal(back["z0.bias"], weights["z0.bias"])


def test_what_other_tools_have_and_gncn_has_not() -> None:
    circuit = chain("Transposed")
    weights = gncn.Network(circuit, 3).weights
    exported = interchange.export_weights(circuit, weights, "pcx")
    fine = {**exported, ".layers[0].nn.bias": np.zeros(4), ".layers[1].nn.bias": None}
    assert interchange.import_weights(circuit, fine, "pcx").keys() == weights.keys()
    with pytest.raises(gncn.RequestError, match="is a bias"):
        interchange.import_weights(circuit, {**exported, ".layers[0].nn.bias": np.ones(4)}, "pcx")
    with pytest.raises(gncn.RequestError, match="there is no tensor"):
        interchange.import_weights(circuit, {}, "jpc")
    with pytest.raises(gncn.RequestError, match="lies"):
        interchange.import_weights(circuit, {name: tensor.T for name, tensor in exported.items()}, "pcx")
    with pytest.raises(gncn.RequestError, match="learns its feedback"):
        interchange.names(chain("Learned(rate: 1.0)"), "jpc")
    with pytest.raises(gncn.RequestError, match="no layout"):
        interchange.names(circuit, "torch")
    named = interchange.export_weights(circuit, weights, "jpc", {"z1_to_z0.generative": "mine"})
    assert "mine" in named


def test_data_and_reading() -> None:
    raw = gncn.load_data("digits8x8")
    assert raw["train"].dtype == np.float32 and raw["train_labels"].shape == (raw["train"].shape[0],)
    with pytest.raises(gncn.RequestError):
        gncn.load_data("no-such-data")


def test_a_study(tmp_path: Path) -> None:
    file = ROOT / "src" / "view" / "starters"
    text = (file / "study.ron").read_text().replace("NAME", "late").replace("FILE", "late-circuit.ron")
    text = text.replace("images: 100", "images: 10").replace("limit: 1000", "limit: 200").replace("steps\": [50]", "steps\": [10]")
    (tmp_path / "late.ron").write_text(text)
    (tmp_path / "late-circuit.ron").write_text((file / "circuit.ron").read_text().replace("NAME", "late-circuit"))
    seen: list[str] = []
    try:
        done = gncn.study(tmp_path / "late.ron", tmp_path / "out", quick=True, observer=lambda kind, *_: seen.append(kind))
    except gncn.CircuitError as error:
        pytest.fail(str(error))
    assert "point" in seen and (tmp_path / "out" / "report.html").exists()
    assert len(done.frame()) == seen.count("point")
    with pytest.raises(gncn.CircuitError):
        gncn.study(tmp_path / "late-circuit.ron", tmp_path / "other")
