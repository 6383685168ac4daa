#!/bin/sh
# Table 4: partition mode and usage. See presets/sweeps/README.md.
set -e
queue() { dvc exp run --queue -n "$1" -S partition.mode="$2" -S train.usage="$3"; }

queue table4-1-none none strong
queue table4-2-factual-strong factual strong
queue table4-3-factual-partial factual partial
queue table4-4-emotional-strong emotional strong
queue table4-5-emotional-partial emotional partial
queue table4-6-both-strong both strong
queue table4-7-both-partial both partial
queue table4-8-both-weak both weak
