"""The command `pacl`: one file per command. What a command needs is imported when it runs."""
