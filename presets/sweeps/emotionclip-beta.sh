#!/bin/sh
# EmotionCLIP, Figure 6: beta, the strength with which sentiment suppresses negatives. See presets/sweeps/README.md.
set -e
name=${1:-sap} # the training under emotionclip: in params.yaml; emotionclip-tv.yaml calls it emotionclip
for beta in 0 0.1 1 10 100; do
    dvc exp run --queue -n "emotionclip-beta-$beta" -S "++emotionclip.$name.loss.beta=$beta" "report_clips@$name"
done
