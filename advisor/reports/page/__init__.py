"""Reports as one self-contained page: Markdown and charts in, HTML out that fetches nothing."""
