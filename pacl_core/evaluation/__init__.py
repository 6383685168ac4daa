"""What a backbone is worth downstream: features, heads, metrics, intervals."""
