"""Where the project lies, for tests at any depth."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
"""Papers, published tables and fixtures next to the project, where a machine has them."""
