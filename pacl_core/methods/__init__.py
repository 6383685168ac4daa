"""The methods of training: one folder each, and none knows another."""
