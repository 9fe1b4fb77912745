"""Questions, and whether an answer is right."""
