"""What tests of mathematical answers share."""

from importlib.util import find_spec

import pytest

needs_math_verify = pytest.mark.skipif(find_spec("math_verify") is None, reason="needs math-verify")
