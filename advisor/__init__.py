"""Choose an open model, an inference strategy, a GPU and a configuration for a budget."""

__version__ = "0.1.0"
