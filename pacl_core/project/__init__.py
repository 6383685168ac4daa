"""A project folder: what 'pacl init' writes, the installed code, which reader or record fits a folder."""
