"""Scenarios joined with economics: plan, policy, orders, backtest, alerts, KPIs.

| stage | calls |
|---|---|
| 04 | `economics.build_economics`, `position.stock_position`, `plan.plan_orders` |
| 05 | `policy.policy_table`, `orders.propose_orders`, `projection.project_stock`, `alerts.find_alerts` |
| 06 | `backtest.run_backtest`, `kpis.kpi_table` |

`review.review_orders` is the decision itself, from arrays to arrays; orders and backtest call it.
"""
