"""The report of findings: one module a study, `section` its Markdown and `figure` its picture."""
