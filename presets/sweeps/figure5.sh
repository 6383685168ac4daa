#!/bin/sh
# Figure 5: the text encoder of training. See presets/sweeps/README.md, which says how to fetch the weights.
set -e
weights=${1:?usage: sh presets/sweeps/figure5.sh <absolute path of the folder of weights>}
queue() {
    dvc exp run --queue -n "figure5-$1" -S text_encoder.kind=hf -S text_encoder.name="$2" \
        -S text_encoder.weights="$weights/$3" -S text_encoder.pooling=first \
        -S text_encoder.normalise="${4:-none}"
}

queue 1-skep Yaxin/roberta-large-ernie2-skep-en skep
queue 2-distilbert distilbert/distilbert-base-uncased distilbert
queue 3-bert-base google-bert/bert-base-uncased bert_base
queue 4-roberta-base FacebookAI/roberta-base roberta_base
queue 5-bert-large google-bert/bert-large-uncased bert_large
queue 6-roberta-large FacebookAI/roberta-large roberta_large
queue 7-bertweet finiteautomata/bertweet-base-sentiment-analysis bertweet tweet
