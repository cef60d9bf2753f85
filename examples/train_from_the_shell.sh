#!/usr/bin/env bash
# Train a classifier from the command line and take it along:
#   bash examples/train_from_the_shell.sh PICTURES CLASSIFIER.zip
# PICTURES is a folder with one folder for each class.
set -euo pipefail
pictures=$1
output=$2
python=${PYTHON:-python}

"$python" -m core import "$pictures" --project Example
run=$("$python" -m core train --project Example --json | "$python" -c 'import json, sys; print(json.load(sys.stdin)["run"])')
"$python" -m core evaluate "$run"
"$python" -m core export "$run" --format bundle --output "$output"
