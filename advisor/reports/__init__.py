"""Values → tables → terminal, Markdown and JSON; pictures of curves and frontiers."""
