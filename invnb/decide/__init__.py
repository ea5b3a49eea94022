"""Scenarios joined with economics: plan, policy, orders, backtest, alerts, KPIs.

| stage | calls |
|---|---|
| 03 | `forecast_value`, `past_forecasts.review_the_past` |
| 04 | `economics.build_economics`, `position.stock_position`, `plan.plan_orders` |
| 05 | `lost_unit_price.learn_lost_unit_price`, `policy.policy_table`, `orders.propose_orders`, |
|    | `one_more_unit`, `projection.project_stock`, `alerts.find_alerts` |
| 06 | `backtest.run_backtest`, `kpis.kpi_table`, `cash_actions`, `alert_quality`, `drift`, |
|    | `recalibrations`, `feedback`, `alerts.find_signals` |

`order_now.order_now` is the decision itself, from scenarios and state to orders; `orders` adds names and
dates, and the backtest calls the same `review.best_orders`.

What a review starts from goes through 05 and 06 as one `review_state.ReviewState`, with the
`review_state.ReviewLimits` its orders share.
"""
