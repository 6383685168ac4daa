"""What `pacl init`, `pacl corpus add` and `pacl dataset add` find out and write."""
