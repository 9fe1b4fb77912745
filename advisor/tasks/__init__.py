"""What models are asked, and whether an answer is right."""
