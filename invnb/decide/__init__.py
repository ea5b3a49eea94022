"""Scenarios joined with economics: plan, policy, orders, backtest, alerts, KPIs.

| stage | calls |
|---|---|
| 04 | `economics.build_economics`, `position.stock_position`, `plan.plan_orders` |
| 05 | `policy.policy_table`, `orders.propose_orders`, `projection.project_stock`, `alerts.find_alerts` |
| 06 | `backtest.run_backtest`, `kpis.kpi_table` |

`order_now.order_now` is the decision itself, from scenarios and state to orders; `orders` adds names and
dates, and the backtest calls the same `review.best_orders`.
"""
