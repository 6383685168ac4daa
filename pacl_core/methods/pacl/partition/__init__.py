"""Which pairs match factually, emotionally, both ways or neither way (paper 3.1)."""
