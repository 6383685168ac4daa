"""What is generated from dvc.yaml and the params models, for docs/ and the report."""
