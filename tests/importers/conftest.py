"""The scripts in logs/ need the tools that they are about."""

collect_ignore_glob = ["logs/*"]
