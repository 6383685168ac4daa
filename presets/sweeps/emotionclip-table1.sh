#!/bin/sh
# EmotionCLIP, Table 1: how a model is told of the subject, and sentiment. See presets/sweeps/README.md.
set -e
name=${1:-sap} # the training under emotionclip: in params.yaml; emotionclip-tv.yaml calls it emotionclip
queue() {
    run=$1
    shift
    dvc exp run --queue -n "emotionclip-table1-$run" "$@" "report_clips@$name"
}

queue 1-vanilla -S "++emotionclip.$name.subject.kind=none" -S "++emotionclip.$name.loss.beta=0"
queue 2-saam -S "++emotionclip.$name.subject.kind=saam" -S "++emotionclip.$name.loss.beta=0"
queue 3-sap -S "++emotionclip.$name.subject.kind=sap" -S "++emotionclip.$name.loss.beta=0"
queue 4-sap-snce -S "++emotionclip.$name.subject.kind=sap"
