"""Time value of money. Rates are yearly shares (0.10 = 10 %); months are counted from the start of the horizon."""

from __future__ import annotations


def discount(rate: float, months: float) -> float:
    """Return the present worth of 1 USD paid ``months`` from now: ``(1 + rate) ** (-months / 12)``.

    >>> round(discount(0.10, 12), 4)
    0.9091
    """
    return float((1.0 + rate) ** (-months / 12.0))


def annuity(rate: float, months: int) -> float:
    """Return the level monthly payment that repays 1 USD in ``months``, at ``rate / 12`` a month.

    Standard annuity ``i / (1 - (1 + i) ** -n)``; ``1 / n`` at rate zero.

    >>> round(annuity(0.09, 60), 5)
    0.02076
    """
    if months <= 0:
        msg = f"an annuity needs at least one month, not {months}"
        raise ValueError(msg)
    monthly = rate / 12.0
    return 1.0 / months if monthly == 0 else monthly / (1.0 - (1.0 + monthly) ** -months)


def outstanding(rate: float, months: int, paid: int) -> float:
    """Return what is still owed of 1 USD after ``paid`` of ``months`` level payments.

    >>> outstanding(0.09, 60, 60)
    0.0
    """
    if paid >= months:
        return 0.0
    monthly = rate / 12.0
    left = months - paid
    if monthly == 0:
        return left / months
    return annuity(rate, months) * (1.0 - (1.0 + monthly) ** -left) / monthly


def annuity_factor(rate: float, years: float) -> float:
    """Return the present worth of 1 USD a year, paid evenly by month for ``years``, at yearly ``rate``.

    >>> round(annuity_factor(0.0, 4), 6)
    4.0
    """
    return going_on(rate, 0, round(years * 12), 0.0) / 12.0


def going_on(rate: float, after: int, months: int, growth: float) -> float:
    """Return the present worth of 1 USD a month for ``months``, from ``after`` months on, growing by ``growth`` a year.

    >>> round(going_on(0.0, 48, 12, 0.0), 6), going_on(0.1, 48, 0, 0.0)
    (12.0, 0.0)
    """
    return sum(discount(rate, after + k + 0.5) / discount(growth, k + 0.5) for k in range(months)) + 0.0
