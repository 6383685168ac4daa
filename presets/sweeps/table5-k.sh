#!/bin/sh
# Table 5, number of clusters K. See presets/sweeps/README.md.
set -e
for k in 2 3 6 10 15 25; do
    dvc exp run --queue -n "$(printf 'table5-k-%02d' "$k")" -S pseudo_labels.k="$k"
done
