"""The report of findings: one module a study, with its `TITLE`, `tables` and `figure`; sections.py joins them."""
