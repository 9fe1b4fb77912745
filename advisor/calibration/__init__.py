"""From stored answers to strategy points and curves."""
