"""A partner's own account of a deployment, by year: what it is paid, what it pays, what is left."""

from __future__ import annotations

from dataclasses import dataclass

from fleetplan.months import month_number, month_text
from fleetplan.plans.finance import by_year, years
from fleetplan.plans.types import DeploymentPlan, PartnerAccount, Plan
from fleetplan.words.values import month_name, usd

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Its share of fares", ("partner_share",)),
    ("Fixed fee", ("fixed_fee",)),
    ("Licence", ("licence",)),
    ("Energy and upkeep", ("energy", "maintenance")),
    ("Insurance, operation, fees", ("insurance", "operator_fee", "data", "local_charges", "payment", "support")),
    ("Remote and field staff", ("remote", "field")),
    ("Safety operators", ("safety_operator",)),
    ("Vehicles and their delivery", ("vehicles", "placing")),
    ("Stalls and depot sites", ("stalls", "depot_site")),
    ("Public charging", ("public_charging",)),
    ("Launch and area", ("launch", "area")),
)


@dataclass(frozen=True, slots=True)
class AccountTable:
    """A partner's account as rows of amounts by year with their totals, and what is said of it."""

    partner: str
    said: str
    rows: list[tuple[str, list[float], float]]


def account_table(plan: Plan, d: DeploymentPlan) -> AccountTable | None:
    """Return the account of a deployment's partner; None where the plan holds none."""
    account = d.partner_account
    if account is None:
        return None
    rows = []
    for name, lines in GROUPS:
        own = [account.lines_usd[line] for line in lines if line in account.lines_usd]
        if own:
            values = list(by_year(plan, [sum(amounts) for amounts in zip(*own, strict=True)]).values())
            rows.append((name, values, sum(values)))
    net = [sum(row[1][k] for row in rows) for k in range(len(years(plan)))]
    rows.append(("Net cash of the partner" if account.owns_vehicles else "Paid to the partner", net, sum(net)))
    return AccountTable(d.partner, account_words(plan, d, account), rows)


def account_words(plan: Plan, d: DeploymentPlan, account: PartnerAccount) -> str:
    """Return what a partner's account comes to, as sentences."""
    if not account.owns_vehicles:
        paid = sum(map(sum, account.lines_usd.values()))
        what = f"{d.partner} is paid {usd(paid)} within the horizon beside the price of its vehicles"
        return f"{what}; what those cost their maker is not published, so its account cannot be judged."
    parts = f"{usd(account.residual_usd)} of it vehicles and stalls left, {usd(account.after_usd)} the years after"
    word = "earns" if account.worth_usd >= 0 else "loses"
    first = f"{d.partner} {word} {usd(abs(account.worth_usd))} under its contract, discounted ({parts})"
    asked = "" if account.must_earn else "; the request does not ask that it earn its money back"
    if account.must_earn and account.asked_usd:
        asked = f"; it asks for {usd(account.asked_usd)} at least, its margin on what it is paid"
    return f"{first}{asked}. {_payback(plan, account)}"


def _payback(plan: Plan, account: PartnerAccount) -> str:
    """Return by when what it has paid is back, undiscounted and without what is left."""
    total, back = 0.0, ""
    for t, (period, months) in enumerate(zip(plan.periods, plan.period_months, strict=True)):
        before, total = total, total + sum(amounts[t] for amounts in account.lines_usd.values())
        if total < 0:
            back = ""
        elif before < 0:
            back = month_text(month_number(period) + months - 1)
    if not back:
        return (
            "Within the horizon its cash is not back."
            if total < 0
            else "Its cash is never below nought at a period's end."
        )
    return f"Its cash is back by {month_name(back)}."
