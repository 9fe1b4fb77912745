"""What draws text and what scores it: vLLM in process, or any OpenAI-compatible server."""
