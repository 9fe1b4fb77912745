"""From measurements to beliefs and back: strategy points, curves, efficiencies and corrections."""
