"""Inside the network: feature maps of one picture, and the arithmetic of its layers with real numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from core.delivery.explaining import Explainer
from core.evaluation.explanations.drawing import coloured, png
from core.evaluation.explanations.inside import (
    DenseSum,
    WorkedExample,
    dense_sum,
    kernel_of,
    shown_layers,
    strongest_channels,
    work_out,
)
from core.evaluation.explanations.network import ExplainedNetwork
from core.messages import N_
from core.models.litert.inspection import Layer, LayerKind, Nonlinearity, tensor_of
from pages.ui.gallery import Tile, gallery
from pages.ui.text import _, decimal, escape, number, percent, signed

_MOST_MAPS, _MAP_PIXELS, _TILE_PIXELS = 12, 112, 90
_MOST_TERMS = 8
_KINDS = {
    LayerKind.CONVOLUTION: N_("convolution"),
    LayerKind.DEPTHWISE: N_("depthwise convolution"),
    LayerKind.MAX_POOLING: N_("maximum pooling"),
    LayerKind.AVERAGE_POOLING: N_("average pooling"),
}
_FORMULAS = {
    LayerKind.CONVOLUTION: r"y = f\Big(b + \sum_{c}\sum_{i,j} w_{c,i,j}\, x_{c,i,j}\Big)",
    LayerKind.DEPTHWISE: r"y = f\Big(b + \sum_{i,j} w_{i,j}\, x_{i,j}\Big)",
    LayerKind.MAX_POOLING: r"y = \max_{i,j} x_{i,j}",
    LayerKind.AVERAGE_POOLING: r"y = \frac{1}{n}\sum_{i,j} x_{i,j}",
}
_NONLINEARITIES = {
    Nonlinearity.NONE: "f(z) = z",
    Nonlinearity.RELU: r"f(z) = \max(0, z)",
    Nonlinearity.RELU6: r"f(z) = \min(6, \max(0, z))",
}


def show_inside(
    explainer: Explainer, network: ExplainedNetwork, data: bytes, class_index: int, *, key: str
) -> None:
    """Draw the feature maps of a chosen layer, one of its outputs worked out, and the last dense layer."""
    picture, content = explainer.prepare(data), explainer.content
    # A large network takes seconds.
    with st.spinner(_("Reading the layers of the network")):
        layers = {layer.number: layer for layer in shown_layers(content)}
    chosen = st.select_slider(
        _("Layer"),
        list(layers),
        format_func=lambda code: _layer_text(layers[code]),
        help=_(
            "Convolutions look for small patterns, pooling makes maps coarser. The first layers see edges and colours, the last ones parts of things."
        ),
        key=f"{key}-layer",
    )
    layer = layers[chosen]
    with st.spinner(_("Computing what this layer makes of the picture")):
        values = tensor_of(content, layer.output_tensor, picture)
        example = work_out(content, layer, picture, values)
        feature_map = network.feature_maps(picture[np.newaxis])[0]
    gallery(
        [_map_tile(values, channel) for channel in strongest_channels(values, _MOST_MAPS)],
        key=f"{key}-maps",
        tile_pixels=_TILE_PIXELS,
    )
    st.caption(
        _("The {shown} strongest of {all} maps. Yellow: the pattern of this map was found here.").format(
            shown=number(min(_MOST_MAPS, values.shape[2])), all=number(values.shape[2])
        )
    )
    _show_example(example)
    _show_dense(network, feature_map, class_index, explainer.labels.class_names[class_index])


def _layer_text(layer: Layer) -> str:
    height, width, channels = layer.output_shape
    return f"{layer.number} · {_(_KINDS[layer.kind])} · {height} × {width} × {channels}"


def _map_tile(values: np.ndarray, channel: int) -> Tile:
    own = values[..., channel]
    scaled = (own - own.min()) / max(float(np.ptp(own)), 1e-9)
    return Tile(picture=png(coloured(scaled, (_MAP_PIXELS, _MAP_PIXELS))), caption=number(channel))


def _show_example(example: WorkedExample) -> None:
    layer = example.layer
    st.markdown(
        _("**One number worked out**: map {channel}, row {row}, column {column}").format(
            channel=number(example.channel), row=number(example.row), column=number(example.column)
        )
    )
    st.latex(_FORMULAS[layer.kind])
    inputs = _strongest_input(example)
    st.caption(
        _("What the layer sees there, of its input {n} of {all}; the window is in the middle:").format(
            n=number(inputs + 1), all=number(example.patch.shape[2])
        )
    )
    st.latex("x = " + _matrix(example.patch[..., inputs]))
    if len(example.sums):
        st.latex("w = " + _matrix(kernel_of(example)[..., inputs]))
        bias = float(layer.bias[example.channel])
        others = float(example.sums.sum() - example.sums[inputs])
        total = bias + float(example.sums.sum())
        st.latex(
            rf"y = f({bias:.3f} {example.sums[inputs]:+.3f} {others:+.3f}) = f({total:.3f}) = {example.value:.3f}"
        )
        st.latex(_NONLINEARITIES[layer.nonlinearity])
        st.caption(
            _(
                "In this order: the bias b, the products of these two tables, and those of all other inputs. The network computed {value}."
            ).format(value=decimal(example.network_value, 3))
        )
    else:
        st.latex(f"y = {example.value:.3f}")
        st.caption(_("The network computed {value}.").format(value=decimal(example.network_value, 3)))


def _strongest_input(example: WorkedExample) -> int:
    """Input channel with the largest part of the sum."""
    return int(np.abs(example.sums).argmax()) if len(example.sums) else 0


def _matrix(values: np.ndarray) -> str:
    """Format numbers as a LaTeX matrix; a dot stands for what lies outside the picture."""
    rows = (" & ".join(r"\cdot" if np.isnan(value) else f"{value:.2f}" for value in row) for row in values)
    return r"\begin{bmatrix}" + r" \\ ".join(rows) + r"\end{bmatrix}"


def _show_dense(network: ExplainedNetwork, feature_map: np.ndarray, class_index: int, name: str) -> None:
    result = dense_sum(feature_map, network.head, network.pooling, class_index, _MOST_TERMS)
    st.markdown(_("**What the last dense layer makes of it**, for {name}").format(name=escape(name)))
    st.dataframe(
        _dense_table(result),
        hide_index=True,
        column_config={
            "input": _("Input"),
            "value": _("Value"),
            "weight": _("Weight"),
            "product": _("Product"),
        },
        key="inside-dense",
    )
    st.caption(
        _(
            "Together they are the score {score}; compared with the scores of the other classes it becomes the probability {probability}."
        ).format(score=decimal(result.score, 3), probability=percent(result.probability))
        if network.head.activation == "softmax"
        else _("Together they are the score {score}, which becomes the probability {probability}.").format(
            score=decimal(result.score, 3), probability=percent(result.probability)
        )
    )


def _dense_table(result: DenseSum) -> pd.DataFrame:
    rows = [
        _row(number(term.number), decimal(term.value, 3), decimal(term.weight, 3), term.product)
        for term in result.terms
    ]
    rows.append(_row(_("{n} others").format(n=number(result.others)), "", "", result.rest))
    rows.append(_row(_("bias"), "", "", result.bias))
    return pd.DataFrame(rows)


def _row(name: str, value: str, weight: str, product: float) -> dict[str, str]:
    return {"input": name, "value": value, "weight": weight, "product": signed(product, 3)}
