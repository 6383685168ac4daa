#!/bin/sh
# EmotionCLIP, Table 3: which towers are pretrained and trained, and the temporal head. See presets/sweeps/README.md.
set -e
name=${1:-sap} # the training under emotionclip: in params.yaml; emotionclip-tv.yaml calls it emotionclip
queue() {
    run=$1
    shift
    dvc exp run --queue -n "emotionclip-table3-$run" "$@" "report_clips@$name"
}

queue 1-adopted
queue 2-text-random -S "++emotionclip.$name.text.init=random"
queue 3-all-random -S "++emotionclip.$name.text.init=random" -S "++emotionclip.$name.frame.init=random"
queue 4-text-frozen -S "++emotionclip.$name.text.train=false"
queue 5-text-frames-frozen -S "++emotionclip.$name.text.train=false" -S "++emotionclip.$name.frame.train=false"
queue 6-temporal-mean -S "++emotionclip.$name.temporal.kind=mean"
