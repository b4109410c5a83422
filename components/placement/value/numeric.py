"""exp and log from IEEE additions, multiplications and powers of two alone.

The C library's and numpy's own differ in the last bit from machine to machine; these do not, so that the same prices come
out everywhere. They are accurate to some 1e-14, which is far more than prices need.
"""

from __future__ import annotations

import math

_PER_LN2 = 1.4426950408889634
_LN2_HIGH = 0.6931471803691238
"""The upper bits of ln 2: its products with small integers are exact."""
_LN2_LOW = 1.9082149292705877e-10
_LN2 = 0.6931471805599453
_ROOT_HALF = 0.7071067811865476
_LOWEST = -700.0
_HIGHEST = 700.0


def exp(x: float) -> float:
    """Return e to the power of ``x``; 0 below -700, and no more than e to the power of 700."""
    if x < _LOWEST:
        return 0.0
    x = min(x, _HIGHEST)
    power = math.floor(x * _PER_LN2 + 0.5)
    r = (x - power * _LN2_HIGH) - power * _LN2_LOW
    # Taylor's series on |r| <= 0.35, 13 terms.
    total = 1.6059043836821613e-10
    total = 2.08767569878681e-09 + r * total
    total = 2.505210838544172e-08 + r * total
    total = 2.755731922398589e-07 + r * total
    total = 2.7557319223985893e-06 + r * total
    total = 2.48015873015873e-05 + r * total
    total = 0.0001984126984126984 + r * total
    total = 0.001388888888888889 + r * total
    total = 0.008333333333333333 + r * total
    total = 0.041666666666666664 + r * total
    total = 0.16666666666666666 + r * total
    total = 0.5 + r * total
    total = 1.0 + r * total
    total = 1.0 + r * total
    return math.ldexp(total, int(power))


def log(x: float) -> float:
    """Return the natural logarithm of a positive number."""
    part, power = math.frexp(x)
    if part < _ROOT_HALF:
        part *= 2.0
        power -= 1
    f = (part - 1.0) / (part + 1.0)
    square = f * f
    total = 1.0 / 19.0
    total = 1.0 / 17.0 + square * total
    total = 1.0 / 15.0 + square * total
    total = 1.0 / 13.0 + square * total
    total = 1.0 / 11.0 + square * total
    total = 1.0 / 9.0 + square * total
    total = 1.0 / 7.0 + square * total
    total = 1.0 / 5.0 + square * total
    total = 1.0 / 3.0 + square * total
    total = 1.0 + square * total
    return 2.0 * f * total + power * _LN2
