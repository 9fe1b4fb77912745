"""The command line: parse, call one verb, render. Heavy rooms are imported inside the commands."""
