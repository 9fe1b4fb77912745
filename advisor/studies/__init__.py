"""What the stored answers and runs say about the published findings: one module a study, each a typed function.

The studies read measurements and fits as the other verbs do and write nothing. `advisor.reports.findings` renders them.
"""
