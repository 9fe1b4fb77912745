"""What a model is: its layers, parameters, KV cache and FLOPs, from a Hugging Face config.json."""
