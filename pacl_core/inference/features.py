"""Features of a saved model as a step of scikit-learn."""

from collections.abc import Iterable, Sequence
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from pacl_core.inference.model import InputLike, SavedModel, load_saved_model


class PaclFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Images (paths, arrays, Pillow images, tensors) or clips -> their features `[N, dim]` float32.

    `model`: a folder, or a repository of the hub. `joint`: unit vectors of the space shared with texts in
    place of the backbone's features. There is nothing to fit; the model is loaded when first needed, and
    copies of the step load it again.
    """

    def __init__(
        self,
        model: str | PathLike[str] = "models/pacl",
        *,
        device: str | None = None,
        batch: int | None = None,
        joint: bool = False,
    ) -> None:
        self.model = model
        self.device = device
        self.batch = batch
        self.joint = joint

    def fit(self, X: object = None, y: object = None) -> "PaclFeatures":
        """Nothing is learnt."""
        return self

    def transform(self, X: Iterable[InputLike] | NDArray[Any]) -> NDArray[np.float32]:
        """`[N, dim]`, or with `joint` `[N, E]`. One that cannot be read raises `UnusableError`."""
        inputs = X.ravel().tolist() if isinstance(X, np.ndarray) and X.dtype.kind in "OU" else list(X)
        features = self._model().embed(inputs)
        return self._model().joint(features) if self.joint else features

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """`pacl_0`, `pacl_1`, .."""
        model = self._model()
        count = model.embed_texts(["a"]).shape[1] if self.joint else model.dim
        return np.asarray([f"pacl_{number}" for number in range(count)], dtype=object)

    def _model(self) -> SavedModel:
        asked = (self.model, self.device, self.batch)
        loaded: tuple[Sequence[object], SavedModel] | None = self.__dict__.get("_loaded")
        if loaded is None or loaded[0] != asked:
            loaded = (asked, load_saved_model(self.model, self.device, self.batch))
            self._loaded = loaded
        return loaded[1]

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        return tags

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_loaded"}
