#!/bin/sh
# Tables 3 and 4 of Feng et al.: terms of the amalgamation switched off. See presets/sweeps/README.md.
set -e
queue() { # name, stages compared with ST, HO and HP, specialists whose logits are compared, those that learn labels
    dvc exp run --queue -n "$1" \
        -S evaluate.amalgamate.features.st="$2" \
        -S evaluate.amalgamate.features.ho="$3" \
        -S evaluate.amalgamate.features.hp="$4" \
        -S evaluate.amalgamate.logits="$5" \
        -S evaluate.amalgamate.target="$6"
}
every='[st,ho,hp]'

queue feng-table3-1-none '[]' '[]' '[]' '[]' "$every"
queue feng-table3-2-features-st '[2]' '[]' '[]' '[]' "$every"
queue feng-table3-3-logits-st '[]' '[]' '[]' '[st]' "$every"
queue feng-table3-4-features-ho '[]' '[3]' '[]' '[]' "$every"
queue feng-table3-5-logits-ho '[]' '[]' '[]' '[ho]' "$every"
queue feng-table3-6-features-hp '[]' '[]' '[4]' '[]' "$every"
queue feng-table3-7-logits-hp '[]' '[]' '[]' '[hp]' "$every"
queue feng-table3-8-features-all '[2]' '[3]' '[4]' '[]' "$every"
queue feng-table3-9-logits-all '[]' '[]' '[]' "$every" "$every"
queue feng-table4-1-student-alone '[2]' '[3]' '[4]' '[hp]' '[]'
queue feng-table4-2-all-learn '[2]' '[3]' '[4]' '[hp]' "$every"
