"""One thin module per stage of dvc.yaml; run as `python -m stages.<name>`."""
