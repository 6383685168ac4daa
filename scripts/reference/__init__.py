"""Parts of docs/ that are made from dvc.yaml and the params models: `python -m scripts.reference`."""
