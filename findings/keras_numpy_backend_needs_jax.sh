#!/usr/bin/env bash
# Finding: Keras' NumPy backend does not run on NumPy alone: with KERAS_BACKEND=numpy,
#   `import keras` fails without SciPy, and then without JAX, neither of which Keras installs.
# Versions: keras 3.15.1, numpy 2.4.6, scipy 1.17.1, jax 0.10.2 (pinned below), Python 3.11
# Documented: in no guide that we found; the README in the package does not list this backend,
#   though Keras takes it. keras-team/keras issue 18840 calls JAX intended; pull request 20989
#   ("Don't require jax on the numpy backend", merged in 2025) did not end it.
# Guessed: what `pip install keras` brings is enough for the NumPy backend, since NumPy comes
#   along; a model can be applied where no deep learning framework is installed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export KERAS_HOME="$folder/keras" KERAS_BACKEND=numpy
python3 -m venv "$folder/venv"
python="$folder/venv/bin/python"

install() {
    "$python" -m pip install --quiet --disable-pip-version-check "$@"
}

# The last line that an import of Keras and one operation on valid input leave.
import_keras() {
    (cd "$folder" && "$python" -c '
import keras
total = float(keras.ops.sum(keras.ops.ones((2, 3))))
print(f"imported, backend {keras.backend.backend()}, sum of six ones: {total}")
' 2>&1 | tail -n 1) || true
}

install keras==3.15.1 numpy==2.4.6 absl-py==2.5.1 h5py==3.16.0 ml_dtypes==0.6.0 \
    namex==0.1.0 optree==0.20.0 packaging==26.4 rich==15.0.0
alone=$(import_keras)
install scipy==1.17.1
with_scipy=$(import_keras)
install jax==0.10.2 jaxlib==0.10.2
with_jax=$(import_keras)

"$python" --version
"$python" -m pip freeze --disable-pip-version-check | grep -E '^(keras|numpy|scipy|jax|jaxlib)=='
echo "KERAS_BACKEND=numpy, import keras:"
echo "  keras and its dependencies: $alone"
echo "  and SciPy:                  $with_scipy"
echo "  and JAX:                    $with_jax"

if [[ $alone == "ModuleNotFoundError: No module named 'scipy'" &&
    $with_scipy == "ModuleNotFoundError: No module named 'jax'" &&
    $with_jax == "imported, backend numpy, sum of six ones: 6.0" ]]; then
    echo "As found: the NumPy backend needs SciPy and JAX."
else
    echo "CHANGED: the finding no longer holds as described." >&2
    exit 1
fi
