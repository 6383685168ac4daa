#!/bin/sh
# Table 5, partition threshold sigma, the same for both scores. See presets/sweeps/README.md.
set -e
for sigma in 0 0.3 0.5 0.7 0.9 1; do
    dvc exp run --queue -n "table5-sigma-$sigma" \
        -S partition.factual.threshold="$sigma" -S partition.factual.share=null \
        -S partition.emotional.threshold="$sigma" -S partition.emotional.share=null
done
