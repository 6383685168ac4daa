#!/bin/sh
# Table 5, temperature tau. See presets/sweeps/README.md.
set -e
for tau in 0.01 0.03 0.05 0.07 0.5; do
    dvc exp run --queue -n "table5-tau-$tau" -S train.temperature="$tau"
done
